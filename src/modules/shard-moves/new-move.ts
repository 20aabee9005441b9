import { AppError } from '../../common/app-error';
import type { ShardMap } from '../shards/shard-map';
import { strategies } from '../shards/strategies';
import type { MoveRange, MoveTable } from './move-table';
import { refused } from './refused';
import type { ShardMoveBody } from './shard-move.dto';

const MAX_INTEGER = /^-?(0|[1-9]\d{0,18})$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * What a request is about, as far as the map tells.
 * @throws AppError `shard.move_refused`, `request.invalid`, `resource.not_found`
 */
export function checkEnds(map: ShardMap, { source, target, keys, buckets }: ShardMoveBody): void {
  if (source === target) throw refused('Source and target are the same shard');
  for (const id of [source, target]) {
    const shard = map.shards.get(id);
    if (!shard) throw new AppError('resource.not_found', `There is no shard ${id} in the group`);
    if (shard.status !== 'active') throw refused(`The shard ${id} is not active`);
  }
  const hashed = map.strategy === 'hash';
  if (hashed === (buckets === undefined) || hashed === (keys !== undefined)) {
    throw new AppError('request.invalid', 'The body does not fit the strategy of the group', {
      errors: [
        hashed
          ? { path: '/buckets', message: 'must be there, and keys must not: buckets are what moves' }
          : { path: '/keys', message: 'must be there, and buckets must not: keys are what moves' },
      ],
    });
  }
  if (buckets && (buckets.from > buckets.to || buckets.to >= map.bucketCount)) {
    throw new AppError('request.invalid', 'There are no such buckets', {
      errors: [{ path: '/buckets', message: `must be a range within 0 and ${map.bucketCount - 1}` }],
    });
  }
}

/** Slots that a request names; those of buckets are only candidates. */
export function slotsOf(map: ShardMap, { keys, buckets }: ShardMoveBody): string[] {
  if (keys) return keys.map((key) => strategies[map.strategy].slotOf(key, map));
  const { from, to } = buckets!;
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}

export function rangeFor(map: ShardMap, { keys }: ShardMoveBody, slots: readonly string[]): MoveRange {
  return keys
    ? { kind: 'keys', keys }
    : { kind: 'buckets', buckets: slots.map(Number), bucketCount: map.bucketCount };
}

/** @throws AppError `shard.move_refused` for keys that a column of another type can never hold */
export function checkKeys(tables: readonly MoveTable[], keys: readonly string[]): void {
  for (const { key, name } of tables) {
    const form = key.type === 'uuid' ? UUID : key.type === 'text' ? null : MAX_INTEGER;
    if (form && keys.some((one) => !form.test(one))) {
      throw refused(`${name}.${key.name} is of the type ${key.type}, and not all of the keys are`);
    }
  }
}
