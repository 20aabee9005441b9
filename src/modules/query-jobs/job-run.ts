import { AppError, isAppError } from '../../common/app-error';
import { hasRight } from '../../common/access';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Caller, Principal } from '../../common/principal';
import type { Run } from '../query/run';
import { parseStreamOutput } from '../query/stream/stream-output';
import type { StreamService } from '../query/stream/stream.service';
import type { HeldJob, JobEnd, JobProgress } from './job-queue';
import type { JobSecret } from './job-secret';
import { planDigest } from './plan-digest';
import { resultName } from './query-job.entity';
import { SealedSink } from './sealed-sink';
import type { ResultStore } from './store/result-store';
import { SealingWriter } from './store/sealed-result';

const MIB = 1024 * 1024;
/** Nothing ran yet, and waiting helps. */
const busy: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'request.rate_limited',
  'connection.pool_exhausted',
  'connection.too_many',
  'query.too_many_running',
  'audit.unavailable',
]);

export interface JobRunParts {
  readonly streams: StreamService;
  readonly store: ResultStore;
  readonly secret: JobSecret;
  /** Who asked, as they are now; `null` when there is no such user any more, or not for now. */
  readonly principal: Principal | null;
  readonly maxSeconds: number;
  readonly maxMib: number;
  readonly reserve: (bytes: number) => Promise<boolean>;
}

/** How an attempt ended. `later` puts it back into the queue. */
export type AttemptEnd =
  { readonly kind: 'end'; readonly end: JobEnd } | { readonly kind: 'later'; readonly code: ErrorCode };

/** One attempt at a job: the same way to a database as a stream, into the store. */
export class JobRun {
  readonly #client = new AbortController();
  #run: Run | null = null;
  #runId: string | null = null;
  #rows = 0;
  #sink: SealedSink | null = null;

  constructor(readonly job: HeldJob) {}

  get progress(): JobProgress {
    const { id, attempt } = this.job;
    return { id, attempt, runId: this.#runId, rows: this.#rows, bytes: this.#sink?.bytes ?? 0 };
  }

  stop(reason: 'cancelled' | 'shutdown'): void {
    this.#client.abort(reason);
  }

  /** What it leaves in the store is whole when it is done, and nothing otherwise. Throws only for bugs. */
  async perform(parts: JobRunParts): Promise<AttemptEnd> {
    const name = resultName(this.job);
    const writer = await this.#open(parts, name);
    if (isAppError(writer)) return this.#failed(writer);
    const sink = new SealedSink(writer, {
      maxBytes: parts.maxMib * MIB,
      reserve: parts.reserve,
    });
    this.#sink = sink;
    try {
      await this.#stream(parts, sink);
      return { kind: 'end', end: await this.#done(parts.store, sink) };
    } catch (error) {
      await writer.abandon();
      if (!isAppError(error)) throw error;
      return this.#failed(error);
    }
  }

  async #open({ store, secret }: JobRunParts, name: string): Promise<SealingWriter | AppError> {
    try {
      return new SealingWriter(await store.create(name), name, Buffer.from(secret.key, 'base64'));
    } catch (error) {
      if (isAppError(error)) return error;
      throw error;
    }
  }

  async #stream({ streams, secret, principal, maxSeconds }: JobRunParts, sink: SealedSink): Promise<void> {
    const { id, connectionId, format } = this.job;
    const { text, params, maxRows, timeoutMs, rowMode, options, origin } = secret;
    const caller = callerOf(principal, origin);
    await streams.stream(
      caller,
      {
        connectionId,
        text,
        params,
        maxRows,
        timeoutMs: Math.min(timeoutMs ?? Infinity, maxSeconds * 1000),
        rowMode,
        cache: 'bypass',
      },
      parseStreamOutput({ ...options, format }, rowMode),
      {
        sink,
        open: () => undefined,
        requestId: origin.requestId,
        url: `/api/database/query/jobs/${id}`,
        client: this.#client,
        onAdmitted: (run) => {
          this.#run = run;
          this.#runId = run.id;
        },
        onRows: (count) => {
          this.#rows = count;
        },
      },
    );
  }

  async #done(store: ResultStore, sink: SealedSink): Promise<JobEnd> {
    const run = this.#run!;
    return {
      ...this.progress,
      state: 'done',
      storedBytes: sink.storedBytes,
      truncated: sink.truncated,
      sha256: sink.digest(),
      storeId: await store.place(),
      planSha256: planDigest(run.plan),
      errorCode: null,
    };
  }

  #failed(error: AppError): AttemptEnd {
    // A statement that was refused is in history, too.
    if (typeof error.extra.queryId === 'string') this.#runId = error.extra.queryId;
    const { code } = error;
    if (busy.has(code)) return { kind: 'later', code };
    if (code === 'service.shutting_down') return { kind: 'end', end: this.failure('lost', 'job.lost') };
    return {
      kind: 'end',
      end: this.failure(code === 'query.cancelled' ? 'cancelled' : 'failed', code),
    };
  }

  failure(state: 'failed' | 'cancelled' | 'lost', errorCode: ErrorCode): JobEnd {
    return {
      ...this.progress,
      state,
      storedBytes: 0,
      truncated: null,
      sha256: null,
      storeId: null,
      planSha256: null,
      errorCode,
    };
  }
}

/** The session that asked may have ended; that its user is there and may run statements is asked anew. */
function callerOf(principal: Principal | null, origin: JobSecret['origin']): Caller {
  if (!principal) throw new AppError('permission.revoked', 'There is no such user any more');
  if (!hasRight(principal.role, 'query.run')) throw new AppError('permission.revoked');
  return { principal, origin: { ...origin } };
}
