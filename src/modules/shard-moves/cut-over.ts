import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import { fullName } from '../../common/relation-description';
import { ConnectionDirectory } from '../connections/connection-directory';
import { ResultCache } from '../query/result-cache';
import { WriteMarks } from '../query/write-marks';
import { SettingsService } from '../settings/settings.service';
import { ShardOwnership, type WritePause } from '../shards/shard-ownership';
import { isSame, total } from './compare-table';
import type { ShardMove } from './shard-move.entity';
import { MoveStore } from './move-store';
import type { MoveWork } from './move-work';
import { writesEnded } from './open-runs';
import { reconcile } from './reconcile';

/** Longest that writes of the moved keys wait, in milliseconds. */
export const MAX_PAUSE_MS = 5_000;
/** What comes last must be over when the pause is. */
const WORK_MS = MAX_PAUSE_MS - 500;

/** The last step of a move: while nobody writes, the rows become the same, and the keys get their new owner. */
@Injectable()
export class CutOver {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly store: MoveStore,
    private readonly ownership: ShardOwnership,
    private readonly settings: SettingsService,
    private readonly cache: ResultCache,
    private readonly directory: ConnectionDirectory,
    private readonly marks: WriteMarks,
  ) {}

  /**
   * @param rows of each table, about
   * @throws AppError `shard.move_pause_over` when the pause was too short: nothing has changed then
   */
  async run(work: MoveWork, rows: Readonly<Record<string, number>>): Promise<void> {
    const { move, lease, from } = work;
    const pause: WritePause = {
      group: move.group,
      move: move.id,
      connectionId: from.connectionId,
      slots: move.slots,
    };
    const startedAt = performance.now();
    const limit = AbortSignal.timeout(WORK_MS);
    try {
      await this.locked(move, async (manager) => {
        await this.store.save(lease, { cutovers: move.cutovers + 1 }, manager);
        await this.ownership.pause(manager, pause, MAX_PAUSE_MS);
      });
      await this.work(work, pause, rows, limit, startedAt);
    } catch (error) {
      await this.lift(work, pause);
      throw limit.aborted && !work.signal.aborted ? new AppError('shard.move_pause_over') : error;
    }
  }

  private async work(
    work: MoveWork,
    pause: WritePause,
    rows: Readonly<Record<string, number>>,
    limit: AbortSignal,
    startedAt: number,
  ): Promise<void> {
    const { move, lease, signal } = work;
    const [from, to] = [work.from.side.until(limit), work.to.side.until(limit)];
    await writesEnded(this.dataSource, pause.connectionId, AbortSignal.any([signal, limit]));
    await reconcile(from, to, move.tables, rows, true);
    await this.store.enter(lease, move, { state: 'verifying' });
    const counts: Record<string, number> = {};
    for (const table of move.tables) {
      const [ours, theirs] = await Promise.all([from.checksums(table, 1), to.checksums(table, 1)]);
      if (!isSame(total(ours), total(theirs))) {
        throw new AppError('shard.move_differs', `${fullName(table)} is not the same on both shards`);
      }
      counts[fullName(table)] = total(ours).count;
    }
    // What was read from there before the keys were its own is not what it would say now.
    await this.cache.forget(await this.directory.require(work.to.connectionId));
    await this.flip(work, pause, counts, () => Math.round(performance.now() - startedAt));
  }

  /** Owner, epoch, state and record change together, or none of them does. */
  private async flip(
    { move, lease, from, to }: MoveWork,
    pause: WritePause,
    rows: Readonly<Record<string, number>>,
    pausedMs: () => number,
  ): Promise<void> {
    const back = move.direction === 'back';
    const keepMinutes = await this.settings.get('shard_move_keep_minutes');
    let settle = (): void => undefined;
    await this.locked(move, async (manager) => {
      // Replicas of the new owner answer when they have what was moved.
      settle = await this.marks.markForAll(manager, to.connectionId);
      const epoch = await this.ownership.reassign(manager, pause, from.shardId, to.shardId);
      const pauseMs = pausedMs();
      const flipped = back
        ? ({ state: 'cleaning', keepUntil: null } as const)
        : ({
            state: 'flipped',
            keepUntil: () => `clock_timestamp() + make_interval(mins => ${keepMinutes})`,
          } as const);
      await this.store.enter(
        lease,
        move,
        { ...flipped, flippedAt: () => 'clock_timestamp()', pauseMs, failures: 0 },
        { epoch, owner: to.shardId, rows, pauseMs },
        manager,
      );
    });
    settle();
  }

  /** Whoever has the move now has a pause of its own; and what is not lifted ends by itself. */
  private async lift({ move, lease }: MoveWork, pause: WritePause): Promise<void> {
    try {
      await this.locked(move, async (manager) => {
        await this.store.save(lease, { cutovers: () => 'cutovers' }, manager);
        await this.ownership.lift(manager, pause);
      });
    } catch {
      // It ends by itself.
    }
  }

  private async locked(
    { group }: Pick<ShardMove, 'group'>,
    work: (manager: EntityManager) => Promise<void>,
  ): Promise<void> {
    await this.ownership.transaction(async (manager) => {
      await this.ownership.lock(manager, group);
      await work(manager);
    });
  }
}
