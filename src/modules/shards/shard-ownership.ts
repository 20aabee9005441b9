import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import { SignalBus } from '../../database/signal-bus';
import { SHARD_TOPIC } from './shard-maps';

/** Slots of a group whose writes on one connection wait. */
export interface WritePause {
  readonly group: string;
  /** Of the move that pauses them. */
  readonly move: string;
  readonly connectionId: string;
  readonly slots: readonly string[];
}

/**
 * Who owns slots, and whose writes wait. Every method works in the transaction of its `manager`, behind `lock`: the
 * intents of writes wait for that transaction, so it is short and bounded.
 */
@Injectable()
export class ShardOwnership {
  constructor(private readonly signals: SignalBus) {}

  /** What is published in it is heard here before this resolves. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.signals.transaction(work);
  }

  /**
   * From here on no write of the group is let in until the transaction ends, and those let in before are committed.
   * A process that is gone without a word must not keep the row.
   */
  async lock(manager: EntityManager, group: string): Promise<void> {
    await manager.query(`SET LOCAL lock_timeout = '2s'`);
    await manager.query(`SET LOCAL idle_in_transaction_session_timeout = '5s'`);
    await manager.query('SELECT 1 FROM shard_groups WHERE name = $1 FOR UPDATE', [group]);
  }

  /** Slots of the shard, in the order asked; all of them without. */
  async ownedBy(
    manager: EntityManager,
    group: string,
    shardId: string,
    slots: readonly string[] | null,
  ): Promise<string[]> {
    const rows = (await manager.query(
      `SELECT slot FROM shard_assignments WHERE group_name = $1 AND shard_id = $2
         AND ($3::text[] IS NULL OR slot = ANY($3::text[])) ORDER BY length(slot), slot`,
      [group, shardId, slots],
    )) as { slot: string }[];
    return rows.map(({ slot }) => slot);
  }

  /** Replaces an earlier pause of the same move; ends by itself after `ms`. */
  async pause(manager: EntityManager, pause: WritePause, ms: number): Promise<void> {
    const { group, ...what } = pause;
    await manager.query(
      `UPDATE shard_groups SET write_pauses = ${othersThan('$2')} || jsonb_build_array($3::jsonb || jsonb_build_object(
         'until', clock_timestamp() + make_interval(secs => $4::double precision / 1000))) WHERE name = $1`,
      [group, pause.move, JSON.stringify(what), ms],
    );
  }

  async lift(manager: EntityManager, { group, move }: Pick<WritePause, 'group' | 'move'>): Promise<void> {
    await manager.query(`UPDATE shard_groups SET write_pauses = ${othersThan('$2')} WHERE name = $1`, [
      group,
      move,
    ]);
    await this.signals.publish(manager, SHARD_TOPIC, group);
  }

  /**
   * Gives the slots of a pause to another shard and ends the pause.
   * @returns the epoch of the map with the new owner
   * @throws AppError `shard.move_pause_over` when the pause did not last until now; nothing is changed then
   */
  async reassign(
    manager: EntityManager,
    { group, move, slots }: WritePause,
    from: string,
    to: string,
  ): Promise<number> {
    // The row is locked: between this look and the commit nobody writes, even when the time is over meanwhile.
    const [held] = (await manager.query(
      `SELECT 1 FROM shard_groups g, jsonb_array_elements(g.write_pauses) p WHERE g.name = $1 AND p ->> 'move' = $2
         AND (p ->> 'until')::timestamptz > clock_timestamp()`,
      [group, move],
    )) as unknown[];
    if (held === undefined) throw new AppError('shard.move_pause_over');
    const [, changed] = (await manager.query(
      `UPDATE shard_assignments SET shard_id = $4 WHERE group_name = $1 AND slot = ANY($2::text[]) AND shard_id = $3`,
      [group, slots, from, to],
    )) as [unknown, number];
    if (changed !== slots.length) throw new Error('keys that move have an owner that is not their shard');
    await this.lift(manager, { group, move });
    return this.raiseEpoch(manager, group);
  }

  /** Makes every route of before find its way again. */
  async raiseEpoch(manager: EntityManager, group: string): Promise<number> {
    const [rows] = (await manager.query(
      'UPDATE shard_groups SET epoch = epoch + 1 WHERE name = $1 RETURNING epoch',
      [group],
    )) as [{ epoch: number }[]];
    await this.signals.publish(manager, SHARD_TOPIC, group);
    return rows[0]!.epoch;
  }
}

/** Pauses of other moves that are not over. */
function othersThan(move: string): string {
  return `coalesce((SELECT jsonb_agg(p) FROM jsonb_array_elements(write_pauses) AS p
    WHERE p ->> 'move' <> ${move} AND (p ->> 'until')::timestamptz > clock_timestamp()), '[]')`;
}
