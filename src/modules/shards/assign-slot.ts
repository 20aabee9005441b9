import type { EntityManager } from 'typeorm';
import type { Caller } from '../../common/principal';
import { byCaller } from '../audit/audit-event';
import type { AuditService } from '../audit/audit.service';
import { ShardAssignment } from './shard-assignment.entity';

export interface SlotAssignment {
  readonly group: string;
  readonly slot: string;
  readonly shardId: string;
}

/**
 * Gives a slot to a shard, with its record, unless it belongs to one already. The transaction holds a share lock on the row of
 * the group: the map cannot change before it commits, and many may assign at once.
 * @returns the shard that the slot belongs to
 */
export async function assignSlot(
  manager: EntityManager,
  audit: AuditService,
  caller: Caller,
  { group, slot, shardId }: SlotAssignment,
): Promise<string> {
  const [made] = (await manager.query(
    `INSERT INTO shard_assignments (group_name, slot, shard_id) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING RETURNING shard_id`,
    [group, slot, shardId],
  )) as unknown[];
  if (made === undefined) {
    // Another request of the same slot was first; READ COMMITTED shows what it has committed.
    return (await manager.findOneByOrFail(ShardAssignment, { group, slot })).shardId;
  }
  await audit.recordIn(manager, {
    ...byCaller(caller),
    action: 'shard.assign',
    resourceType: 'shard',
    resourceId: shardId,
    result: 'success',
    details: { group, slot },
  });
  return shardId;
}
