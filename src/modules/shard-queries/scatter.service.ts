import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { Dialect } from '../../common/dialect';
import type { StopReason } from '../../drivers/abort';
import type { Cursor } from '../../drivers/driver';
import type { MergePlan } from '../../sql/merge/merge-plan';
import { planMerge } from '../../sql/merge/plan-merge';
import { originalPosition } from '../../sql/policy/original-position';
import { refusalError } from '../../sql/refusal-error';
import { ConnectionDirectory } from '../connections/connection-directory';
import { Admission } from '../query/admission';
import type { ConditionalCaller } from '../query/conditional-caller';
import type { QueryRequestBody } from '../query/query-request';
import type { Run } from '../query/run';
import { StatementRunner } from '../query/statement-runner';
import type { Shard } from '../shards/shard-map';
import { mergedCursor } from './merge/merged-cursor';
import { isSideBySide, mergeParts } from './merge/merge-parts';
import { codeOfAway, type MissingShard } from './missing-shard';
import { ShardFlight, startInTurns } from './shard-flight';

/** Shards asked at once where the rows of one may come behind those of another. */
const MOST_AT_ONCE = 4;
/** Shards whose rows are put in order, or must have answered first: they are asked side by side. */
const MOST_SIDE_BY_SIDE = 64;

export interface ScatterRequest {
  readonly caller: ConditionalCaller;
  readonly query: QueryRequestBody;
  readonly shards: readonly Shard[];
  /** Shards that cannot be asked are named instead of failing the answer; `null` for a whole answer or none. */
  readonly missing: readonly MissingShard[] | null;
  readonly client: AbortController;
}

/** The merged rows, while whoever asked reads them. */
export interface Gathering {
  /** In the order of the map. */
  readonly flights: readonly ShardFlight[];
  /** `null` for an answer that is whole. */
  readonly missing: readonly MissingShard[] | null;
  readonly cursor: Cursor;
  /** Of the answer. */
  readonly maxRows: number;
  /** Aborted when the answer cannot be had any more. */
  readonly signal: AbortSignal;
}

export interface Scattered<T> extends Omit<Gathering, 'cursor' | 'signal' | 'maxRows'> {
  readonly result: T;
  readonly executionTimeMs: number;
  /** Settles when the outcomes of the runs are durable; rejects with `audit.unavailable` when they cannot be made so. */
  readonly recorded: Promise<unknown>;
}

/** One statement on every shard, each a run of its own, and their rows as the rows of one table. */
@Injectable()
export class ScatterService {
  constructor(
    private readonly admission: Admission,
    private readonly runner: StatementRunner,
    private readonly directory: ConnectionDirectory,
  ) {}

  /**
   * Every intent is committed before the first statement is sent. One shard that fails fails the answer: what still
   * runs is stopped, and waited for.
   * @throws AppError `shard.not_mergeable` before anything is sent, as far as the statement tells
   */
  async run<T>(
    request: ScatterRequest,
    consume: (gathering: Gathering) => Promise<T>,
  ): Promise<Scattered<T>> {
    const dialect = await this.dialectOf(request.shards);
    const analysis = await planMerge(dialect, request.query.text);
    if (!analysis.ok) throw refusalError(analysis.refusal);
    const { plan } = analysis;
    const { length } = request.shards;
    const sideBySide = isSideBySide(plan) || request.missing !== null;
    if (sideBySide && length > MOST_SIDE_BY_SIDE) {
      throw new AppError(
        'shard.not_mergeable',
        `At most ${MOST_SIDE_BY_SIDE} shards are put in order or left out`,
      );
    }
    const atOnce = sideBySide ? length : MOST_AT_ONCE;
    try {
      return await new Gatherer(request, plan, dialect, atOnce, this.admission, this.runner).run(consume);
    } catch (error) {
      throw inWords(plan, error);
    }
  }

  private async dialectOf(shards: readonly Shard[]): Promise<Dialect> {
    const dialects = new Set<Dialect | null>();
    for (const { connectionId } of shards) {
      dialects.add((await this.directory.find(connectionId))?.dialect ?? null);
    }
    const [dialect] = dialects;
    if (dialect && dialects.size === 1) return dialect;
    throw new AppError('shard.not_mergeable', 'The shards are of different engines');
  }
}

/** One answer over all shards, from the admission of its runs to their end. */
class Gatherer {
  private readonly all = new AbortController();
  private readonly missing: MissingShard[] | null;
  private flights: ShardFlight[] = [];
  /** Of a run; what others fail with, because they are stopped for it, does not count. */
  private failure: { readonly error: unknown } | null = null;
  /** Why the shard that was found missing last is. */
  private lastAway: unknown = null;
  private phase: 'opening' | 'reading' | 'over' = 'opening';
  private maxRows = 0;

  constructor(
    private readonly request: ScatterRequest,
    private readonly plan: MergePlan,
    private readonly dialect: Dialect,
    private readonly atOnce: number,
    private readonly admission: Admission,
    private readonly runner: StatementRunner,
  ) {
    this.missing = request.missing && [...request.missing];
  }

  async run<T>(consume: (gathering: Gathering) => Promise<T>): Promise<Scattered<T>> {
    const { signal: client } = this.request.client;
    const onAbort = (): void => this.stop(client.reason);
    client.addEventListener('abort', onAbort, { once: true });
    const startedAt = performance.now();
    let deadline: NodeJS.Timeout | undefined;
    try {
      await this.admit();
      if (client.aborted) onAbort();
      deadline = this.deadline();
      const result = await this.read(consume);
      this.phase = 'over';
      for (const flight of this.flights) flight.finish();
      const carried = await Promise.all(this.flights.map(({ over }) => over));
      const recorded = Promise.all(carried.flatMap((one) => (one ? [one.recorded] : [])));
      recorded.catch(() => undefined);
      const { flights, missing } = this;
      return { result, flights, missing, recorded, executionTimeMs: performance.now() - startedAt };
    } catch (error) {
      this.failure ??= { error };
      // What fails from here on fails because it is stopped.
      this.stop('cancelled' satisfies StopReason);
      await Promise.all(this.flights.map(({ over }) => over));
      throw this.failure.error;
    } finally {
      clearTimeout(deadline);
      client.removeEventListener('abort', onAbort);
    }
  }

  /** Commits the intents, in one commit as a rule. */
  private async admit(): Promise<void> {
    const { caller, query, shards } = this.request;
    const admissions = await Promise.allSettled(
      shards.map(async (shard) => {
        const { connectionId } = shard;
        const asked = { ...query, text: this.plan.text, connectionId, onlyReads: true };
        return { shard, run: await this.admission.admit(caller, asked) };
      }),
    );
    const admitted = admissions.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const maxRows = Math.min(...admitted.map(({ run }) => run.limits.maxRows));
    this.flights = admitted.map(
      ({ shard, run }) =>
        new ShardFlight(shard, this.limited(run, maxRows), this.runner, (flight, error) =>
          this.onFailure(flight.shard, error),
        ),
    );
    for (const [index, one] of admissions.entries()) {
      if (one.status === 'rejected') this.onFailure(shards[index]!, one.reason);
    }
    this.requireSome();
  }

  /** A part gives no more rows than may be in the answer, unless several of them are one row of it. */
  private limited(run: Run, maxRows: number): Run {
    const { grouping, distinct, offset } = this.plan;
    const ownRows = grouping || distinct ? Infinity : offset + maxRows;
    this.maxRows = maxRows;
    return { ...run, limits: { ...run.limits, maxRows: ownRows } };
  }

  /** Of the answer; where shards may be missing they all begin at once, and each has its own. */
  private deadline(): NodeJS.Timeout | undefined {
    if (this.missing) return undefined;
    const timeoutMs = Math.min(...this.flights.map(({ run }) => run.limits.timeoutMs));
    return setTimeout(() => this.stop('timeout' satisfies StopReason), timeoutMs);
  }

  private async read<T>(consume: (gathering: Gathering) => Promise<T>): Promise<T> {
    startInTurns(this.flights, this.atOnce);
    if (this.missing) {
      await Promise.allSettled(this.flights.map(({ feed }) => feed.ready()));
      const away = new Set(this.missing.map(({ shardId }) => shardId));
      this.flights = this.flights.filter(({ shard }) => !away.has(shard.id));
      this.requireSome();
    }
    this.phase = 'reading';
    const parts = this.flights.map(({ feed }) => feed);
    await using cursor = mergedCursor(await mergeParts(this.plan, parts, this.dialect));
    const { flights, missing, maxRows } = this;
    return await consume({ flights, missing, cursor, maxRows, signal: this.all.signal });
  }

  private onFailure({ id: shardId }: Shard, error: unknown): void {
    if (this.phase === 'over') return;
    const code = this.missing && this.phase === 'opening' ? codeOfAway(error) : null;
    this.lastAway = error;
    if (code) {
      this.missing!.push({ shardId, code });
      return;
    }
    this.failure ??= { error };
    this.stop('cancelled' satisfies StopReason);
  }

  private requireSome(): void {
    if (this.failure) throw this.failure.error;
    if (this.flights.length === 0) throw this.lastAway;
  }

  private stop(reason: unknown): void {
    this.all.abort(reason);
    for (const flight of this.flights) flight.abort(reason);
  }
}

/** Positions are told in the text as it was written. */
function inWords({ edits }: MergePlan, error: unknown): unknown {
  if (edits.length === 0 || !isAppError(error) || typeof error.extra.position !== 'number') return error;
  return error.with({ position: originalPosition(edits, error.extra.position) });
}
