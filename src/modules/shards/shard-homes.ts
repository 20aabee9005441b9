import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller, Principal } from '../../common/principal';
import { AuditService } from '../audit/audit.service';
import { assignSlot } from './assign-slot';
import type { Home } from './route';
import { SessionShard } from './session-shard.entity';
import { ShardAssignment } from './shard-assignment.entity';
import type { ShardMap } from './shard-map';
import { ShardMaps } from './shard-maps';
import { statusMeanings } from './shard-status';
import { strategies } from './strategies';
import { chooseShard } from './strategies/choose-shard';
import type { KeyAttributes } from './strategies/strategy';

const MAX_CACHED = 100_000;

/** Where the key of a caller is at home: assigned at its first use, and read again under every epoch. */
@Injectable()
export class ShardHomes {
  private readonly cache = new LRUCache<string, Home>({ max: MAX_CACHED });
  /** Homes being read: after a change of the map all requests of a session would read the same one at once. */
  private readonly reading = new Map<string, Promise<Home>>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly maps: ShardMaps,
    private readonly audit: AuditService,
  ) {}

  /** What is known of the caller's home, of whatever epoch; `null` when nothing is. */
  known({ principal }: Caller, map: ShardMap): Home | null {
    return this.cache.get(cacheKey(principal, map)) ?? null;
  }

  /**
   * The home as it is now; a slot that belongs to nobody yet gets one.
   * @throws AppError `shard.unknown`, `shard.maintenance`
   */
  async find(caller: Caller, map: ShardMap): Promise<Home> {
    const key = `${map.epoch} ${cacheKey(caller.principal, map)}`;
    let reading = this.reading.get(key);
    if (!reading) {
      reading = this.read(caller, map).finally(() => this.reading.delete(key));
      this.reading.set(key, reading);
    }
    return reading;
  }

  private async read(caller: Caller, { group }: ShardMap): Promise<Home> {
    const { principal } = caller;
    const map = await this.maps.require(group, true);
    const slot = slotOf(principal, map);
    const row = await this.dataSource.getRepository(ShardAssignment).findOneBy({ group, slot });
    const home: Home = row
      ? { slot, shardId: row.shardId, epoch: map.epoch }
      : await this.assign(caller, group, slot);
    await this.carry(principal, group, home);
    this.cache.set(cacheKey(principal, map), home);
    return home;
  }

  private assign(caller: Caller, group: string, slot: string): Promise<Home> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM shard_groups WHERE name = $1 FOR SHARE', [group]);
      const map = await this.maps.read(group, manager);
      const chosen = chosenFor(caller.principal, map, slot);
      const shardId = await assignSlot(manager, this.audit, caller, { group, slot, shardId: chosen });
      return { slot, shardId, epoch: map.epoch };
    });
  }

  private async carry({ sessionId }: Principal, group: string, home: Home): Promise<void> {
    if (sessionId === undefined) return;
    await this.dataSource
      .getRepository(SessionShard)
      .createQueryBuilder()
      .insert()
      .values({ sessionId, group, slot: home.slot, shardId: home.shardId, epoch: home.epoch })
      .orUpdate(['slot', 'shard_id', 'epoch'], ['session_id', 'group_name'])
      .execute();
  }
}

/** Whatever the key is made of is in it: a user whose attributes change is another. */
function cacheKey({ userId, sessionId, attributes }: Principal, { group }: ShardMap): string {
  return JSON.stringify([group, sessionId ?? null, userId, attributes]);
}

function slotOf(principal: Principal, map: ShardMap): string {
  return strategies[map.strategy].slotOf(keyOf(principal, map), map);
}

function keyOf({ userId, attributes }: Principal, { keyAttribute }: ShardMap): string {
  if (keyAttribute === null) return userId;
  const key = (JSON.parse(attributes) as KeyAttributes)[keyAttribute];
  if (key === undefined || key === null || key === '') {
    throw new AppError('shard.unknown', `The user has no attribute "${keyAttribute}", which is the key`);
  }
  return String(key);
}

function chosenFor({ attributes }: Principal, map: ShardMap, slot: string): string {
  const all = [...map.shards.values()];
  const fitting = strategies[map.strategy].candidatesFor(JSON.parse(attributes) as KeyAttributes, all);
  const chosen = chooseShard(
    slot,
    fitting.filter(({ status }) => statusMeanings[status].takesSlots),
  );
  if (chosen) return chosen.id;
  if (fitting.some(({ status }) => statusMeanings[status].door !== 'closed')) {
    throw new AppError('shard.maintenance', 'No shard takes new keys now', { retryAfterSeconds: 5 });
  }
  throw new AppError('shard.unknown', 'There is no shard for this key');
}
