import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import { SignalBus } from '../../database/signal-bus';
import type { Shard, ShardMap } from './shard-map';

/** Signals of changed maps; the key is the name of the group. */
export const SHARD_TOPIC = 'shard_map';

type MapRow = {
  readonly [Member in keyof Omit<ShardMap, 'shards'>]: ShardMap[Member];
} & { readonly shards: readonly Shard[] };

/** The maps of the groups; cached in the process until a replica signals a change. */
@Injectable()
export class ShardMaps {
  private readonly cache = new Map<string, ShardMap>();
  private readonly waiting = new Set<() => void>();
  private generation = 0;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly signals: SignalBus,
  ) {
    signals.on(SHARD_TOPIC, (group) => this.forget(() => this.cache.delete(group)));
    signals.onGap(() => this.forget(() => this.cache.clear()));
  }

  /**
   * @param fresh reads past the cache; without, `shardMapUnchanged` confirms the map when a run is recorded
   * @throws AppError `resource.not_found`
   */
  async require(group: string, fresh = false): Promise<ShardMap> {
    const known = fresh || !this.signals.isLive ? undefined : this.cache.get(group);
    if (known) return known;
    const { generation } = this;
    const map = await this.read(group);
    if (this.signals.isLive && generation === this.generation) this.cache.set(group, map);
    return map;
  }

  /** The map as the transaction of `manager` sees it. */
  async read(group: string, manager: EntityManager = this.dataSource.manager): Promise<ShardMap> {
    // One statement, so shards and epoch belong together.
    const [row] = (await manager.query(
      `SELECT g.name AS "group", g.epoch, g.strategy, g.key_attribute AS "keyAttribute",
         g.bucket_count AS "bucketCount", g.global_connection_id AS "globalConnectionId",
         EXISTS (SELECT 1 FROM shard_moves m WHERE m.group_name = g.name AND m.finished_at IS NULL) AS moving,
         coalesce((SELECT jsonb_agg(jsonb_build_object('id', s.id, 'connectionId', s.connection_id, 'status', s.status,
             'region', s.region) ORDER BY s.id) FROM shards s WHERE s.group_name = g.name), '[]') AS shards
       FROM shard_groups g WHERE g.name = $1`,
      [group],
    )) as MapRow[];
    if (!row) throw new AppError('resource.not_found', 'There is no such shard group');
    return { ...row, shards: new Map(row.shards.map((shard) => [shard.id, shard])) };
  }

  /** Resolves when a map has changed, or after `ms`. */
  async changed(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.waiting.add(done);
    });
  }

  private forget(drop: () => void): void {
    this.generation += 1;
    drop();
    for (const done of this.waiting) done();
  }
}
