import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { planBalance, type ShardLoad, type Transfer } from './plan-balance';
import type { ProposedMoveView, ShardBalanceView } from './shard-balance.view';
import type { Shard, ShardMap } from './shard-map';
import { ShardMaps } from './shard-maps';
import { statusMeanings } from './shard-status';

/** Keys of one move, as the body of a move has it. */
const MOST_OF_A_MOVE = 1_000;
/** Keys that are named in one answer. */
const MOST_NAMED = 10_000;

/** Which keys or buckets to move so that shards have as many as the others. Nothing is moved here. */
@Injectable()
export class ShardBalanceService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly maps: ShardMaps,
  ) {}

  /** @throws AppError `resource.not_found` */
  async propose(group: string): Promise<ShardBalanceView> {
    const map = await this.maps.require(group, true);
    const counts = await this.counts(group);
    const shards = [...map.shards.values()];
    const loads = shards.map((shard) => loadOf(shard, counts.get(shard.id) ?? 0, map));
    const transfers = planBalance(loads);
    const after = new Map(counts);
    for (const { source, target, keys } of transfers) {
      after.set(source, (after.get(source) ?? 0) - keys);
      after.set(target, (after.get(target) ?? 0) + keys);
    }
    const { moves, complete } = await this.moves(map, transfers);
    return {
      group,
      epoch: map.epoch,
      shards: shards.map(({ id, status }) => ({
        shardId: id,
        status,
        keys: counts.get(id) ?? 0,
        keysAfter: after.get(id) ?? 0,
      })),
      moves,
      complete,
    };
  }

  private async counts(group: string): Promise<Map<string, number>> {
    const rows = (await this.dataSource.query(
      'SELECT shard_id AS id, count(*)::int AS keys FROM shard_assignments WHERE group_name = $1 GROUP BY shard_id',
      [group],
    )) as { id: string; keys: number }[];
    return new Map(rows.map(({ id, keys }) => [id, keys]));
  }

  private async moves(
    map: ShardMap,
    transfers: readonly Transfer[],
  ): Promise<{ moves: ProposedMoveView[]; complete: boolean }> {
    const moves: ProposedMoveView[] = [];
    const taken = new Map<string, number>();
    const named = map.strategy === 'hash' ? Infinity : MOST_NAMED;
    let left = named;
    let found = 0;
    for (const { source, target, keys } of transfers) {
      const wanted = Math.min(keys, left);
      left -= wanted;
      const offset = taken.get(source) ?? 0;
      taken.set(source, offset + wanted);
      const slots = await this.slots(map, source, offset, wanted);
      found += slots.length;
      const body = { group: map.group, source, target };
      moves.push(
        ...(map.strategy === 'hash'
          ? slots.length > 0
            ? [{ ...body, buckets: { from: Number(slots[0]), to: Number(slots.at(-1)) } }]
            : []
          : chunks(slots, MOST_OF_A_MOVE).map((chunk) => ({ ...body, keys: chunk }))),
      );
    }
    const total = transfers.reduce((sum, { keys }) => sum + keys, 0);
    return { moves, complete: found === total };
  }

  /**
   * Slots of a shard in their order: with buckets, what lies between the first and the last of them is all of them.
   * Keys of which only a digest is kept cannot be named.
   */
  private async slots(
    { group, strategy }: ShardMap,
    shardId: string,
    offset: number,
    limit: number,
  ): Promise<string[]> {
    const order = strategy === 'hash' ? 'slot::int' : 'slot';
    const rows = (await this.dataSource.query(
      `SELECT slot FROM shard_assignments WHERE group_name = $1 AND shard_id = $2
         AND slot !~ '^sha256:[0-9a-f]{64}$' ORDER BY ${order} LIMIT $3 OFFSET $4`,
      [group, shardId, limit, offset],
    )) as { slot: string }[];
    return rows.map(({ slot }) => slot);
  }
}

function loadOf({ id, status, region }: Shard, keys: number, { strategy }: ShardMap): ShardLoad {
  const role = statusMeanings[status].takesSlots ? 'takes' : status === 'draining' ? 'emptied' : 'stays';
  return { shardId: id, keys, role, part: strategy === 'region' ? region : null };
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
