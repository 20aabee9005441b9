import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError, isAppError } from '../../common/app-error';
import { fullName } from '../../common/relation-description';
import { WriteMarks } from '../query/write-marks';
import { ShardOwnership } from '../shards/shard-ownership';
import { copyTable } from './copy-table';
import { CutOver } from './cut-over';
import { resumable, type WorkingState } from './move-state';
import { MoveStore } from './move-store';
import { noProgress, type MoveWork } from './move-work';
import { longWritesEnded, olderRunsEnded } from './open-runs';
import { conflictIn, reconcile } from './reconcile';
import type { TableProgress } from './shard-move.entity';

/** Differences that the last step may still find, and how long it may take to find them. */
const FEW_ROWS = 500;
const SHORT_MS = 2_000;
/** Writes that take longer are waited for before anybody is paused for them. */
const LONG_WRITE_SECONDS = 1;
const MAX_ROUNDS = 100;
/** Rounds in which the same rows may not fit before they never will. */
const MAX_STUCK_ROUNDS = 5;
const MAX_CUTOVERS = 10;

/** What is done in each state. Every step may be begun again from its start, by any replica. */
@Injectable()
export class MoveSteps {
  private readonly steps: Readonly<Record<WorkingState, (work: MoveWork) => Promise<void>>> = {
    copying: (work) => this.copy(work),
    catching_up: (work) => this.catchUp(work),
    cutting_over: (work) => this.cutOver(work),
    // Its pause went with its runner: what was compared may have changed since.
    verifying: (work) => this.goBack(work),
    cleaning: (work) => this.clean(work),
  };

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly store: MoveStore,
    private readonly ownership: ShardOwnership,
    private readonly cutter: CutOver,
    private readonly marks: WriteMarks,
  ) {}

  run(state: WorkingState, work: MoveWork): Promise<void> {
    return this.steps[state](work);
  }

  private async copy(work: MoveWork): Promise<void> {
    const { move, lease, from, to, signal } = work;
    // An answer over all shards that began before must not meet rows on both.
    await olderRunsEnded(this.dataSource, to.connectionId, move.createdAt, signal);
    for (const table of move.tables) {
      const before = progressOf(work, fullName(table));
      const begun = before && { rows: before.copied, after: before.after };
      await copyTable(from.side, to.side, table, begun, async ({ rows, after }) => {
        signal.throwIfAborted();
        await this.note(work, {
          [fullName(table)]: { copied: rows, after: after as TableProgress['after'] },
        });
      });
    }
    await this.store.enter(lease, move, { state: 'catching_up', failures: 0 });
  }

  private async catchUp(work: MoveWork): Promise<void> {
    const { move, lease, from, to, signal } = work;
    let stuckRounds = 0;
    for (let round = 1; ; round++) {
      if (round > MAX_ROUNDS) {
        throw new AppError(
          'shard.move_pause_over',
          'There are more rows, or more is written, than the last step can deal with',
        );
      }
      const startedAt = performance.now();
      const { differences, stuck, rows } = await reconcile(
        from.side,
        to.side,
        move.tables,
        this.countsOf(work),
        false,
      );
      signal.throwIfAborted();
      await this.note(
        work,
        Object.fromEntries(Object.entries(rows).map(([name, count]) => [name, { rows: count }])),
      );
      stuckRounds = stuck[0] ? stuckRounds + 1 : 0;
      if (stuck[0] && stuckRounds >= MAX_STUCK_ROUNDS) throw conflictIn(stuck[0]);
      if (!stuck[0] && differences <= FEW_ROWS && performance.now() - startedAt < SHORT_MS) break;
    }
    await longWritesEnded(this.dataSource, from.connectionId, LONG_WRITE_SECONDS, signal);
    await this.store.enter(lease, move, { state: 'cutting_over' });
  }

  private async cutOver(work: MoveWork): Promise<void> {
    const { move, lease } = work;
    try {
      await this.cutter.run(work, this.countsOf(work));
    } catch (error) {
      // Also what differs may be the same the next time: not everybody writes through this service.
      const again = isAppError(error, 'shard.move_pause_over') || isAppError(error, 'shard.move_differs');
      if (!again || move.cutovers >= MAX_CUTOVERS) throw error;
      await this.goBack(work);
      await this.store.delay(lease, Math.min(30, move.cutovers + 1));
    }
  }

  private async goBack({ lease, move }: MoveWork): Promise<void> {
    await this.store.enter(lease, move, { state: resumable(move.state) });
  }

  /** Deletes the moved rows where their keys are not at home. */
  private async clean(work: MoveWork): Promise<void> {
    const { move, lease, signal } = work;
    const cleanedId = move.direction === 'forward' ? move.sourceId : move.targetId;
    const cleaned = [work.from, work.to].find(({ shardId }) => shardId === cleanedId)!;
    if (move.flippedAt) {
      // Who was sent there before may still be reading.
      await olderRunsEnded(this.dataSource, cleaned.connectionId, move.flippedAt, signal);
    }
    for (const table of move.tables.toReversed()) {
      for (;;) {
        signal.throwIfAborted();
        await this.refuseOwner(work, cleaned.shardId);
        const deleted = await cleaned.side.deleteSome(table);
        if (deleted === 0) break;
        const before = progressOf(work, fullName(table))?.deleted ?? 0;
        await this.note(work, { [fullName(table)]: { deleted: before + deleted } });
      }
    }
    const state = move.direction === 'forward' ? 'done' : 'undone';
    let settle = (): void => undefined;
    await this.ownership.transaction(async (manager) => {
      await this.ownership.lock(manager, move.group);
      // A replica that still has the deleted rows would give them twice in an answer over all shards.
      settle = await this.marks.markForAll(manager, cleaned.connectionId);
      const epoch = await this.ownership.raiseEpoch(manager, move.group);
      const finishedAt = (): string => 'clock_timestamp()';
      await this.store.enter(lease, move, { state, finishedAt, keepUntil: null }, { epoch }, manager);
    });
    settle();
  }

  /** Whatever else is wrong: rows are never deleted where they belong. */
  private async refuseOwner({ move }: MoveWork, shardId: string): Promise<void> {
    const owned = await this.ownership.ownedBy(this.dataSource.manager, move.group, shardId, move.slots);
    if (owned.length > 0) throw new Error('the shard to be cleaned is the owner');
  }

  private countsOf(work: MoveWork): Record<string, number> {
    return Object.fromEntries(
      work.move.tables.map((table) => {
        const { rows, copied } = progressOf(work, fullName(table)) ?? noProgress;
        return [fullName(table), rows ?? copied];
      }),
    );
  }

  private async note(work: MoveWork, changes: Record<string, Partial<TableProgress>>): Promise<void> {
    const { move, lease } = work;
    for (const [name, change] of Object.entries(changes)) {
      move.progress[name] = { ...(progressOf(work, name) ?? noProgress), ...change };
    }
    await this.store.save(lease, { progress: move.progress });
  }
}

function progressOf({ move }: MoveWork, table: string): TableProgress | null {
  return Object.hasOwn(move.progress, table) ? move.progress[table]! : null;
}
