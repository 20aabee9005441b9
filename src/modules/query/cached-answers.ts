import { Injectable } from '@nestjs/common';
import { CacheMetrics } from './cache.metrics';
import { ResultCache } from './result-cache';
import type { RowMode } from '../../drivers/row-layout';
import type { QueryOutcome } from './query-result';
import type { Run } from './run';
import { SingleFlight, type Flown } from './single-flight';

export interface Fetched {
  readonly outcome: QueryOutcome;
  /** The database was not asked for this run. */
  readonly cached: boolean;
}

/** Answers reads from the cache where that may be; where many ask the same at once, one asks the database for all. */
@Injectable()
export class CachedAnswers {
  private readonly flights = new SingleFlight<Fetched>();

  constructor(
    private readonly results: ResultCache,
    private readonly metrics: CacheMetrics,
  ) {}

  /**
   * @param refresh asks the database in any case, for itself, and keeps what it gets
   * @param ask sends the statement of the run
   */
  async fetch(
    run: Run,
    mode: RowMode,
    refresh: boolean,
    signal: AbortSignal,
    ask: () => Promise<QueryOutcome>,
  ): Promise<Fetched> {
    const slot = this.results.slotOf(run, mode);
    if (!slot) {
      if (run.caching) this.metrics.count('writing');
      return { outcome: await ask(), cached: false };
    }
    const askAndKeep = async (): Promise<Flown<Fetched>> => {
      const { plan } = run;
      const outcome = await ask();
      // The slot is that of the plan: what another plan gave, because the catalog had changed, is for this run alone.
      // Nor is what a replica gave for others that may lack what they know to be written.
      const isForAll = run.plan === plan && !run.late;
      if (isForAll) await slot.keep(outcome);
      return { value: { outcome, cached: false }, isForAll };
    };
    if (refresh) {
      this.metrics.count('refresh');
      return (await askAndKeep()).value;
    }
    const lookUp = async (): Promise<Flown<Fetched>> => {
      const hit = await slot.find();
      this.metrics.count(hit?.level ?? 'miss');
      return hit ? { value: { outcome: hit.value, cached: true }, isForAll: true } : askAndKeep();
    };
    // Whoever wants a younger answer does not wait for one that may be old.
    const key = `${slot.key} ${run.caching?.maxAgeSeconds}`;
    const { value, followed } = await this.flights.run(key, signal, lookUp);
    if (followed) this.metrics.count('shared');
    return { ...value, ...(followed && { cached: true }) };
  }
}
