import type { ErrorCode } from '../../common/errors/catalog';
import type { MaskedColumns } from '../../sql/policy/rewriting';
import type { RouteRefusal } from '../shards/route';
import type { MissingShard } from './missing-shard';
import type { ShardFlight } from './shard-flight';

/** What is said of a merged answer besides its rows; the id is that of the first run: who stops that stops all. */
export interface MergedHead {
  readonly queryId: string;
  readonly partial?: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * @param counted with the rows that were taken from each shard, once they are known
 */
export function mergedHead(
  flights: readonly ShardFlight[],
  missing: readonly MissingShard[] | null,
  counted: boolean,
): MergedHead {
  const [first] = flights;
  const { id: queryId, connection, facts } = first!.run;
  const partial = missing && missing.length > 0;
  return {
    queryId,
    ...(missing && { partial: partial === true }),
    metadata: {
      engine: connection.type,
      statement: facts.kind,
      shards: flights.map(({ shard, run, feed }) => ({
        shardId: shard.id,
        queryId: run.id,
        ...(counted && { rowCount: feed.rowCount }),
      })),
      ...(missing && { missingShards: missing }),
    },
  };
}

/** A column that is masked on one shard counts as masked; added columns stand behind those that are shown. */
export function maskedAnywhere(flights: readonly ShardFlight[]): MaskedColumns {
  const lists = flights
    .map(({ run }) => run.plan.maskedColumns)
    .filter((one) => one !== null)
    .map((one) => ('members' in one ? [] : one));
  if (lists.length === 0) return null;
  const length = Math.min(...lists.map((list) => list.length));
  return Array.from({ length }, (_, index) => lists.some((list) => list[index]));
}

const codes: Partial<Readonly<Record<RouteRefusal, ErrorCode>>> = { paused: 'shard.maintenance' };

/** Why the map leads nowhere, as a caller is told. */
export function codeOfRefusal(reason: RouteRefusal): ErrorCode {
  return codes[reason] ?? 'shard.unknown';
}
