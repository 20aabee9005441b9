import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { CONFIG, type Config } from '../../config/config';
import { refuseTakenName } from '../../database/refuse-taken-name';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import type { ConnectionPatch } from '../connections/connection.dto';
import { ConnectionsService } from '../connections/connections.service';
import { drain } from './drain';
import { DEFAULT_GROUP, type ShardBody, type ShardPatch } from './shard.dto';
import { ShardAssignment } from './shard-assignment.entity';
import { SHARD_TOPIC } from './shard-maps';
import { statusMeanings } from './shard-status';
import { ShardRow } from './shard.entity';

/**
 * Adds, changes and removes shards. A change of a shard, of its sealed connection and of the epoch of the map, and the
 * record of it, are one transaction; it reaches all replicas when that commits.
 */
@Injectable()
export class ShardsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
    private readonly connections: ConnectionsService,
    private readonly audit: AuditService,
    private readonly signals: SignalBus,
  ) {}

  /** @throws AppError `resource.not_found` (the group), `resource.name_taken`, `connection.*` */
  async create(caller: Caller, { shardId, region, ...body }: ShardBody): Promise<void> {
    const { group = DEFAULT_GROUP, type = 'mysql', status = 'active' } = body;
    await this.signals.transaction(async (manager) => {
      // The one group that needs no making.
      if (group === DEFAULT_GROUP) {
        await manager.query(
          `INSERT INTO shard_groups (name, strategy, epoch) VALUES ($1, 'hash', 0) ON CONFLICT DO NOTHING`,
          [group],
        );
      }
      const epoch = await raiseEpoch(manager, group);
      const connectionId = await this.connections.createIn(manager, byCaller(caller), {
        ...connectionPart(body),
        type,
        name: `shard:${shardId}`,
        readOnly: false,
        active: statusMeanings[status].connected,
      });
      await refuseTakenName(() =>
        manager.insert(ShardRow, { id: shardId, group, connectionId, status, region: region ?? null }),
      );
      await this.record(manager, caller, 'shard.create', shardId, { group, epoch, status, connectionId });
    });
  }

  /**
   * A shard that becomes inactive is closed by the map first; it is disconnected when what runs there has ended, or after
   * the grace. Setting it once more finishes what a crash between the two left open.
   * @throws AppError `resource.not_found`, `connection.*`
   */
  async update(caller: Caller, shardId: string, patch: ShardPatch): Promise<void> {
    const connectionId = await this.change(caller, shardId, patch);
    if (patch.status === undefined || statusMeanings[patch.status].connected) return;
    await drain(this.dataSource, connectionId, this.config.shutdownGraceMs);
    await this.signals.transaction(async (manager) => {
      await manager.query(
        `SELECT 1 FROM shard_groups WHERE name = (SELECT group_name FROM shards WHERE id = $1) FOR UPDATE`,
        [shardId],
      );
      const row = await manager.findOneBy(ShardRow, { id: shardId });
      // Somebody may have called it back meanwhile.
      if (!row || statusMeanings[row.status].connected) return;
      await this.connections.updateIn(manager, byCaller(caller), connectionId, { active: false });
    });
  }

  /** @returns the id of its connection */
  private change(caller: Caller, shardId: string, patch: ShardPatch): Promise<string> {
    return this.signals.transaction(async (manager) => {
      const { epoch, row } = await lock(manager, shardId);
      const status = patch.status ?? row.status;
      const reconnects = statusMeanings[status].connected && !statusMeanings[row.status].connected;
      const target = { ...connectionPart(patch), ...(reconnects && { active: true }) };
      if (Object.keys(target).length > 0) {
        await this.connections.updateIn(manager, byCaller(caller), row.connectionId, target);
      }
      const region = patch.region === undefined ? row.region : patch.region;
      await manager.update(ShardRow, { id: shardId }, { status, region });
      await this.record(manager, caller, 'shard.update', shardId, {
        group: row.group,
        epoch,
        changed: Object.keys(patch).filter((name) => patch[name as keyof ShardPatch] !== undefined),
        ...(status !== row.status && { status: { from: row.status, to: status } }),
      });
      return row.connectionId;
    });
  }

  /**
   * What runs there may end first. Nothing is deleted in the database of the shard.
   * @throws AppError `resource.not_found`, `shard.in_use` while keys belong to it: they would belong to nobody, and the
   * next use would put them elsewhere
   */
  async remove(caller: Caller, shardId: string): Promise<void> {
    await refuseOwner(this.dataSource.manager, shardId);
    await this.update(caller, shardId, { status: 'inactive' });
    await this.signals.transaction(async (manager) => {
      const { epoch, row } = await lock(manager, shardId);
      await refuseOwner(manager, shardId);
      await manager.delete(ShardRow, { id: shardId });
      await this.connections.deleteIn(manager, byCaller(caller), row.connectionId);
      await this.record(manager, caller, 'shard.delete', shardId, { group: row.group, epoch });
    });
  }

  private async record(
    manager: EntityManager,
    caller: Caller,
    action: string,
    shardId: string,
    details: { readonly group: string } & Record<string, unknown>,
  ): Promise<void> {
    await this.audit.recordIn(manager, {
      ...byCaller(caller),
      action,
      resourceType: 'shard',
      resourceId: shardId,
      result: 'success',
      details,
    });
    await this.signals.publish(manager, SHARD_TOPIC, details.group);
  }
}

async function refuseOwner(manager: EntityManager, shardId: string): Promise<void> {
  const keys = await manager.countBy(ShardAssignment, { shardId });
  if (keys > 0) throw new AppError('shard.in_use', `${keys} keys or buckets belong to the shard`);
  const moves = (await manager.query(
    'SELECT 1 FROM shard_moves WHERE finished_at IS NULL AND $1 IN (source_id, target_id)',
    [shardId],
  )) as unknown[];
  if (moves.length > 0)
    throw new AppError('shard.in_use', 'Keys are being moved to the shard or away from it');
}

/** The group is locked before its shards, by every change and every assignment: no two wait for each other. */
async function lock(manager: EntityManager, shardId: string): Promise<{ epoch: number; row: ShardRow }> {
  const known = await manager.findOneBy(ShardRow, { id: shardId });
  const epoch = known ? await raiseEpoch(manager, known.group) : 0;
  const row = await manager.findOneBy(ShardRow, { id: shardId });
  if (!row || row.group !== known?.group) throw new AppError('resource.not_found', 'There is no such shard');
  return { epoch, row };
}

async function raiseEpoch(manager: EntityManager, group: string): Promise<number> {
  const [rows] = (await manager.query(
    'UPDATE shard_groups SET epoch = epoch + 1 WHERE name = $1 RETURNING epoch',
    [group],
  )) as [{ epoch: number }[]];
  const epoch = rows[0]?.epoch;
  if (epoch === undefined) throw new AppError('resource.not_found', 'There is no such shard group');
  return epoch;
}

type ConnectionPart = Pick<
  ConnectionPatch,
  'type' | 'host' | 'port' | 'database' | 'username' | 'password' | 'ssl' | 'maxConnections'
>;

/** The members that describe the connection, under its names; those that were not sent are not there. */
function connectionPart(patch: ShardPatch): ConnectionPart {
  const { type, host, port, databaseName: database, username, password, ssl, maxConnections } = patch;
  const members = { type, host, port, database, username, password, ssl, maxConnections };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value != null));
}
