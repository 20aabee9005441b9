import { errorCatalog, type ErrorCode } from '../../common/errors/catalog';
import { streamFormats } from '../query/stream/stream-formats';
import type { JobState, QueryJob } from './query-job.entity';

/** A background run as its owner and administrators see it. */
export interface QueryJobView {
  readonly id: string;
  readonly userId: string;
  readonly connectionId: string;
  /** `null` for everybody but its owner, and when the key that sealed it is not loaded. */
  readonly statement: string | null;
  readonly format: string;
  readonly state: JobState;
  /** How often it was begun: where a connection has no session to spare it waits for another turn. */
  readonly attempts: number;
  /** In history; of the last attempt. */
  readonly queryId: string | null;
  /** So far, or in all. */
  readonly progress: { readonly rows: number; readonly bytes: number };
  readonly result: {
    readonly contentType: string;
    readonly bytes: number;
    readonly rows: number;
    readonly truncated: boolean;
    readonly sha256: string;
  } | null;
  /** Why it gave nothing; of one that waits, why it does not run yet. History has the details, as its connection has them kept. */
  readonly error: { readonly code: ErrorCode; readonly title: string } | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly expiresAt: Date | null;
}

export function viewOf(job: QueryJob, statement: string | null): QueryJobView {
  const { rows, bytes, truncated, sha256, errorCode } = job;
  return {
    id: job.id,
    userId: job.userId,
    connectionId: job.connectionId,
    statement,
    format: job.format,
    state: job.state,
    attempts: job.attempt,
    queryId: job.runId,
    progress: { rows, bytes },
    result:
      job.state === 'done' && sha256 !== null
        ? {
            contentType: streamFormats[job.format].contentType,
            bytes,
            rows,
            truncated: truncated === true,
            sha256,
          }
        : null,
    error: errorCode === null ? null : { code: errorCode, title: errorCatalog[errorCode].title },
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    expiresAt: job.expiresAt,
  };
}

/** For the OpenAPI document. */
export const queryJobExample = {
  id: '0b0d7a7a-5a0f-4b6f-9a3b-1b8f8a0f2c11',
  userId: '2a5ba8fb-ba25-42d6-86e3-1a6f868b41d5',
  connectionId: '797acc11-1895-4207-8cb6-4085b6bd9c89',
  statement: 'SELECT * FROM orders',
  format: 'csv',
  state: 'done',
  attempts: 1,
  queryId: '6361ddd1-4bfb-40fb-a016-5721c21e2c87',
  progress: { rows: 1_000_000, bytes: 48_123_456 },
  result: {
    contentType: 'text/csv; charset=utf-8',
    bytes: 48_123_456,
    rows: 1_000_000,
    truncated: false,
    sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  },
  error: null,
  createdAt: '2026-11-20T22:56:27.342Z',
  startedAt: '2026-11-20T22:56:27.401Z',
  finishedAt: '2026-11-20T22:58:03.120Z',
  expiresAt: '2026-11-21T22:58:03.120Z',
};
