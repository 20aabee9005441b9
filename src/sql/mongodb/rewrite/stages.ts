import type { JsonObject } from '../strict-json';
import type { CompiledPolicy } from './compiled-policy';

/**
 * Lets every document through, and no stage past it: the optimiser joins a later `$match` with the one in front of it, and
 * would then try the caller's expressions on documents that the row filter hides, where a failure or the time they take
 * tells of them. It may not do so across a `$limit`.
 */
export const fence: JsonObject = { $limit: { $numberLong: '9223372036854775807' } };

export interface Spliced {
  /** The caller's full-text search, which has to come first. */
  readonly search?: JsonObject | undefined;
  /** Copies of comparisons that the caller makes later, so that indexes serve them. */
  readonly ahead: readonly JsonObject[];
  readonly fenced: boolean;
}

/** What a collection is read through. */
export function policyStages(
  { filter, columns }: CompiledPolicy,
  { search, ahead, fenced }: Spliced,
): JsonObject[] {
  return [
    ...(search === undefined ? [] : [{ $match: search }]),
    ...(filter === null ? [] : [{ $match: filter }]),
    ...(ahead.length === 0 ? [] : [{ $match: { $and: ahead } }]),
    ...(filter !== null && fenced ? [fence] : []),
    ...columns,
  ];
}
