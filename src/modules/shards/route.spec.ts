import { route, type Home, type RouteTarget } from './route';
import type { ShardMap } from './shard-map';
import { shardStatuses, type ShardStatus } from './shard-status';

const mapOf = (statuses: Readonly<Record<string, ShardStatus>>, globalId: string | null = 'g'): ShardMap => ({
  group: 'default',
  epoch: 7,
  strategy: 'hash',
  keyAttribute: null,
  bucketCount: 16,
  globalConnectionId: globalId,
  moving: false,
  shards: new Map(
    Object.entries(statuses).map(([id, status]) => [
      id,
      { id, connectionId: `c-${id}`, status, region: null },
    ]),
  ),
});
const home = (shardId: string, epoch = 7): Home => ({ slot: '1', shardId, epoch });
const session: RouteTarget = { kind: 'session' };
const some: RouteTarget = { kind: 'all', partial: true };
const to = (shardId: string): RouteTarget => ({ kind: 'shard', shardId });

/** The outcome in one line. */
function told(map: ShardMap, at: Home | null, target: RouteTarget): string {
  const found = route(map, at, target);
  if (found.kind === 'refused') return `refused: ${found.reason}`;
  if (found.kind === 'global') return `global ${found.connectionId}`;
  if (found.kind === 'all') {
    const away = found.away.map(({ shardId, reason }) => `, ${shardId} ${reason}`).join('');
    return `all ${found.shards.map(({ id }) => id).join(' ')}${away}`;
  }
  return `${found.shard.connectionId}${found.onlyReads ? ' (reads)' : ''}`;
}

describe('route', () => {
  it.each<[string, Record<string, ShardStatus>, Home | null, RouteTarget, string]>([
    ['an active shard', { a: 'active' }, null, to('a'), 'c-a'],
    ['a shard for reading', { a: 'read_only' }, null, to('a'), 'c-a (reads)'],
    ['a draining shard', { a: 'draining' }, null, to('a'), 'refused: paused'],
    ['a paused shard', { a: 'maintenance', b: 'active' }, null, to('a'), 'refused: paused'],
    ['a closed shard', { a: 'inactive', b: 'active' }, null, to('a'), 'refused: unknown'],
    ['a shard that is not there', { b: 'active' }, null, to('a'), 'refused: unknown'],
    ['the home of a session', { a: 'active', b: 'active' }, home('b'), session, 'c-b'],
    ['a home for reading', { b: 'read_only' }, home('b'), session, 'c-b (reads)'],
    ['a paused home', { a: 'active', b: 'maintenance' }, home('b'), session, 'refused: paused'],
    ['a draining home', { a: 'active', b: 'draining' }, home('b'), session, 'refused: paused'],
    ['a closed home', { a: 'active', b: 'inactive' }, home('b'), session, 'refused: unknown'],
    ['a home that is gone', { a: 'active' }, home('b'), session, 'refused: unknown'],
    ['a session without a home', { a: 'active' }, null, session, 'refused: unassigned'],
    ['a home of an earlier epoch', { a: 'active' }, home('a', 6), session, 'refused: stale'],
    ['a home of a later epoch', { a: 'active' }, home('a', 8), session, 'refused: stale'],
    ['the global database', {}, null, { kind: 'global' }, 'global g'],
    ['the global database from a shard', { a: 'active' }, home('a'), { kind: 'global' }, 'global g'],
    ['all shards', { a: 'active', b: 'read_only' }, null, { kind: 'all' }, 'all a b'],
    ['all shards, one paused', { a: 'active', b: 'draining' }, null, { kind: 'all' }, 'refused: paused'],
    ['all shards, one closed', { a: 'active', b: 'inactive' }, null, { kind: 'all' }, 'refused: unknown'],
    ['what is there of all', { a: 'active', b: 'draining' }, null, some, 'all a, b paused'],
    ['what is open of all', { a: 'inactive', b: 'read_only' }, null, some, 'all b, a unknown'],
    ['all that are paused', { a: 'draining', b: 'inactive' }, null, some, 'refused: paused'],
    ['what is there of no shards', {}, null, some, 'refused: no_shards'],
    ['all of no shards', {}, null, { kind: 'all' }, 'refused: no_shards'],
  ])('finds %s', (_, statuses, at, target, expected) => {
    expect(told(mapOf(statuses), at, target)).toBe(expected);
  });

  it('has no other database when there is no global one', () => {
    expect(told(mapOf({ a: 'active' }, null), home('a'), { kind: 'global' })).toBe('refused: no_global');
  });

  it('does not lead to all shards while rows lie on two of them', () => {
    const map = { ...mapOf({ a: 'active', b: 'active' }), moving: true };
    expect(told(map, home('a'), { kind: 'all' })).toBe('refused: moving');
    expect(told(map, home('a'), session)).toBe('c-a');
  });

  it('leads nowhere but to the shard or the database that was asked for, whatever the others are', () => {
    for (const status of shardStatuses) {
      for (const other of shardStatuses) {
        const map = mapOf({ a: status, b: other });
        for (const target of [session, to('a')]) {
          expect(told(map, home('a'), target)).not.toMatch(/^(global|all|c-b)/);
        }
      }
    }
  });
});
