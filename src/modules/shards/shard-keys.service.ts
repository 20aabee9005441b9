import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { AuditService } from '../audit/audit.service';
import { assignSlot } from './assign-slot';
import { ShardAssignment } from './shard-assignment.entity';
import { ShardMaps } from './shard-maps';
import type { ShardKeyView } from './shard-view';
import { strategies } from './strategies';

/** Keys as administrators see and put them. */
@Injectable()
export class ShardKeysService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly maps: ShardMaps,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError `resource.not_found` */
  async get(group: string, key: string): Promise<ShardKeyView> {
    const map = await this.maps.require(group, true);
    const slot = strategies[map.strategy].slotOf(key, map);
    const row = await this.dataSource.getRepository(ShardAssignment).findOneBy({ group, slot });
    return { group, key, slot, shardId: row?.shardId ?? null };
  }

  /**
   * Puts a key that belongs to no shard yet: that of a user who has not worked yet. One that has rows somewhere is not
   * torn from them here.
   * @throws AppError `resource.not_found`, `shard.in_use` for a key of another shard, `request.conflict` where keys are
   * not assigned one by one
   */
  async put(caller: Caller, group: string, key: string, shardId: string): Promise<ShardKeyView> {
    return this.signals.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM shard_groups WHERE name = $1 FOR SHARE', [group]);
      const map = await this.maps.read(group, manager);
      if (map.strategy === 'hash') {
        throw new AppError('request.conflict', 'With the strategy hash buckets are assigned, not keys');
      }
      if (!map.shards.has(shardId))
        throw new AppError('resource.not_found', 'There is no such shard in the group');
      const slot = strategies[map.strategy].slotOf(key, map);
      const owner = await assignSlot(manager, this.audit, caller, { group, slot, shardId });
      if (owner !== shardId) throw new AppError('shard.in_use', 'The key belongs to another shard');
      return { group, key, slot, shardId };
    });
  }
}
