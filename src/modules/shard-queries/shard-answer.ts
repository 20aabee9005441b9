import type { QueryOutcome, ResultHead } from '../query/query-result';

/** What a shard gave, or all of them. */
export interface ShardAnswer {
  readonly head: ResultHead;
  readonly outcome: QueryOutcome;
}
