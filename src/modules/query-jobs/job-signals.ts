/** Topics on the signal bus; the key is the id of the job, or the name of a result that is deleted. */
export const jobSignals = {
  queued: 'query_job.queued',
  cancel: 'query_job.cancel',
  ended: 'query_job.ended',
  deleted: 'query_job.deleted',
} as const;
