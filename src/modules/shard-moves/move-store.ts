import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm';
import { Instance } from '../../database/instance';
import { bySystem, type AuditEvent } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { workingStates } from './move-state';
import { ShardMove } from './shard-move.entity';

/** How long a runner that says nothing more keeps a move, in seconds. */
const LEASE_SECONDS = 5;

/** The right to work on a move, until another runner takes it over. */
export interface MoveLease {
  readonly id: string;
  readonly number: string;
}

/** Another runner has the move: what this one knows of it holds no more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

type Change = QueryDeepPartialEntity<ShardMove>;

/** Moves as runners read and write them: every write holds only under the lease that it is made with. */
@Injectable()
export class MoveStore {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly audit: AuditService,
  ) {}

  /** Takes a move on which something is to be done and nobody works. */
  async claim(): Promise<MoveLease | null> {
    const [rows] = (await this.dataSource.query(
      `UPDATE shard_moves SET runner = $1, lease_number = lease_number + 1, ${extended} WHERE id = (
         SELECT id FROM shard_moves
         WHERE finished_at IS NULL AND (lease_until IS NULL OR lease_until < clock_timestamp())
           AND (wish IS NOT NULL OR (retry_at IS NULL OR retry_at < clock_timestamp())
             AND (state = ANY($2::text[]) OR state = 'flipped' AND keep_until < clock_timestamp()))
         ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id, lease_number AS number`,
      [this.instance.id, workingStates],
    )) as [MoveLease[]];
    return rows[0] ?? null;
  }

  /** @throws LeaseLost */
  async read({ id, number }: MoveLease): Promise<ShardMove> {
    const move = await this.dataSource.getRepository(ShardMove).findOneBy({ id, leaseNumber: number });
    if (!move) throw new LeaseLost();
    return move;
  }

  /**
   * Shows that the runner lives.
   * @returns whether an administrator wants something of it
   * @throws LeaseLost
   */
  async renew(lease: MoveLease): Promise<boolean> {
    const [rows] = (await this.dataSource.query(
      `UPDATE shard_moves SET ${extended} WHERE ${held} RETURNING wish`,
      [lease.id, lease.number],
    )) as [{ wish: string | null }[]];
    if (!rows[0]) throw new LeaseLost();
    return rows[0].wish !== null;
  }

  /** @throws LeaseLost */
  async save(
    lease: MoveLease,
    change: Change,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<void> {
    const { affected } = await manager
      .createQueryBuilder()
      .update(ShardMove)
      .set(change)
      .where('id = :id AND lease_number = :number AND lease_until > clock_timestamp()', { ...lease })
      .execute();
    if (affected !== 1) throw new LeaseLost();
  }

  /**
   * Changes the state of a move, and puts that on record in the same transaction.
   * @param details of the record, besides what every state of a move has
   * @throws LeaseLost
   */
  async enter(
    lease: MoveLease,
    move: ShardMove,
    change: Change & Pick<ShardMove, 'state'>,
    details: Record<string, unknown> = {},
    manager?: EntityManager,
  ): Promise<void> {
    const work = async (tx: EntityManager): Promise<void> => {
      await this.save(lease, change, tx);
      await this.audit.recordIn(tx, {
        ...bySystem,
        ...moveEvent(move, change.state),
        details: {
          ...detailsOf(move),
          ...(change.direction !== undefined && { direction: change.direction }),
          ...details,
        },
      });
    };
    await (manager ? work(manager) : this.dataSource.transaction(work));
  }

  /** Whether the way back of a flipped move is still kept, by the clock of the system database. */
  async isKept({ id }: MoveLease): Promise<boolean> {
    const rows = (await this.dataSource.query(
      'SELECT 1 FROM shard_moves WHERE id = $1 AND keep_until > clock_timestamp()',
      [id],
    )) as unknown[];
    return rows.length > 0;
  }

  /** Seconds from now, before which nobody takes the move. */
  async delay(lease: MoveLease, seconds: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE shard_moves SET retry_at = clock_timestamp() + make_interval(secs => $3) WHERE ${held}`,
      [lease.id, lease.number, seconds],
    );
  }

  async release(lease: MoveLease): Promise<void> {
    await this.dataSource.query(`UPDATE shard_moves SET runner = NULL, lease_until = NULL WHERE ${held}`, [
      lease.id,
      lease.number,
    ]);
  }
}

const extended = `lease_until = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`;
const held = 'id = $1 AND lease_number = $2 AND lease_until > clock_timestamp()';

export function moveEvent(
  { id }: Pick<ShardMove, 'id'>,
  what: string,
): Pick<AuditEvent, 'action' | 'resourceType' | 'resourceId' | 'result'> {
  return {
    action: `shard_move.${what}`,
    resourceType: 'shard_move',
    resourceId: id,
    result: what === 'failed' ? 'failure' : 'success',
  };
}

export function detailsOf({
  group,
  sourceId,
  targetId,
  slots,
  direction,
}: Pick<ShardMove, 'group' | 'sourceId' | 'targetId' | 'slots' | 'direction'>): Record<string, unknown> {
  return { group, source: sourceId, target: targetId, slots: slots.length, direction };
}
