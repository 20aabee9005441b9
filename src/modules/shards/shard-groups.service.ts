import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { ConnectionDirectory } from '../connections/connection-directory';
import { ShardAssignment } from './shard-assignment.entity';
import type { ShardGroupBody } from './shard.dto';
import { ShardGroup } from './shard-group.entity';
import { SHARD_TOPIC } from './shard-maps';

/** Groups of shards: what is in a map besides its shards. */
@Injectable()
export class ShardGroupsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly directory: ConnectionDirectory,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
  ) {}

  list(): Promise<ShardGroup[]> {
    return this.dataSource.getRepository(ShardGroup).find({ order: { name: 'ASC' } });
  }

  /**
   * Makes or changes a group; members that were not sent stay.
   * @throws AppError `resource.not_found` (the connection), `shard.in_use` for another strategy or key once keys are
   * assigned: they would not be found again
   */
  async put(caller: Caller, name: string, body: ShardGroupBody): Promise<ShardGroup> {
    if (body.globalConnectionId != null) await this.directory.require(body.globalConnectionId);
    return this.signals.transaction(async (manager) => {
      await manager.query(
        `INSERT INTO shard_groups (name, strategy, epoch) VALUES ($1, 'hash', 0) ON CONFLICT DO NOTHING`,
        [name],
      );
      const before = await manager.findOneOrFail(ShardGroup, {
        where: { name },
        lock: { mode: 'pessimistic_write' },
      });
      const after = {
        globalConnectionId:
          body.globalConnectionId === undefined ? before.globalConnectionId : body.globalConnectionId,
        strategy: body.strategy ?? before.strategy,
        keyAttribute: body.keyAttribute === undefined ? before.keyAttribute : body.keyAttribute,
      };
      const rekeyed = after.strategy !== before.strategy || after.keyAttribute !== before.keyAttribute;
      if (rekeyed && (await manager.existsBy(ShardAssignment, { group: name }))) {
        throw new AppError('shard.in_use', 'Strategy and key are fixed once keys are assigned');
      }
      const epoch = before.epoch + 1;
      await manager.update(ShardGroup, { name }, { ...after, epoch });
      await this.audit.recordIn(manager, {
        ...byCaller(caller),
        action: 'shard_group.update',
        resourceType: 'shard_group',
        resourceId: name,
        result: 'success',
        details: { epoch, ...after },
      });
      await this.signals.publish(manager, SHARD_TOPIC, name);
      return Object.assign(before, after, { epoch });
    });
  }
}
