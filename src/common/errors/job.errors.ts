import type { ErrorDefinition } from './definition';

/** Of background runs. */
export const jobErrors = {
  'job.too_many': {
    status: 429,
    title: 'You have too many background runs',
    fault: 'caller',
    retryable: true,
  },
  'job.not_done': { status: 409, title: 'The background run has no result', fault: 'caller' },
  'job.lost': { status: 502, title: 'The process that ran it has ended', fault: 'us' },
  'job.result_revoked': {
    status: 403,
    title: 'The result is not permitted any more, and was deleted',
    fault: 'caller',
  },
  'job.result_elsewhere': {
    status: 421,
    title: 'The result lies with another replica',
    fault: 'owner',
    retryable: true,
  },
  'job.result_damaged': { status: 500, title: 'The stored result is damaged', fault: 'us' },
  'job.storage_full': { status: 507, title: 'There is no room for the result', fault: 'owner' },
} as const satisfies Record<string, ErrorDefinition>;
