import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { AppError, isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import { SignalBus } from '../../database/signal-bus';
import { ShardMaps } from '../shards/shard-maps';
import { grant, resumable, workingStates, type WorkingState } from './move-state';
import { LeaseLost, MoveStore, type MoveLease } from './move-store';
import { MoveSteps } from './move-steps';
import { endsOf, rangeOf, type MoveEnd, type MoveWork } from './move-work';
import type { ShardMove } from './shard-move.entity';
import { ShardSides, sideOf, type OpenShard } from './shard-sides';

/** Word that there is something to do; the key is the id of a move. */
export const MOVE_TOPIC = 'shard_move';

const LOOK_EVERY_MS = 1_000;
const RENEW_EVERY_MS = 1_000;
const MOST_AT_ONCE = 2;
const MAX_FAILURES = 8;
const MAX_DELAY_SECONDS = 30;
/** What another try would not mend. */
const definitive: ReadonlySet<ErrorCode> = new Set([
  'shard.move_refused',
  'shard.move_differs',
  'shard.move_pause_over',
]);

/** An administrator wants something else of a move than what is being done. */
const WISHED = 'wished';

/** Works on the moves of the cluster: one replica at each, and another goes on where one has ended. */
@Injectable()
export class MoveRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(MoveRunner.name);
  private readonly working = new Map<
    string,
    { readonly done: Promise<void>; readonly stop: AbortController }
  >();
  private looking: Promise<void> | null = null;
  private closed = false;

  constructor(
    private readonly store: MoveStore,
    private readonly steps: MoveSteps,
    private readonly sides: ShardSides,
    private readonly maps: ShardMaps,
    private readonly signals: SignalBus,
  ) {}

  onApplicationBootstrap(): void {
    this.signals.on(MOVE_TOPIC, (id) => {
      this.working.get(id)?.stop.abort(WISHED);
      void this.look();
    });
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** Leaves its moves to other replicas, and takes none any more. */
  async close(): Promise<void> {
    this.closed = true;
    await this.looking;
    for (const { stop } of this.working.values()) stop.abort('shutdown');
    await Promise.all([...this.working.values()].map(({ done }) => done));
  }

  @Interval(LOOK_EVERY_MS)
  async look(): Promise<void> {
    if (this.closed || this.looking) return;
    this.looking = this.claim().catch((error: unknown) => {
      this.logger.warn({ err: error }, 'moves could not be looked for');
    });
    await this.looking;
    this.looking = null;
  }

  private async claim(): Promise<void> {
    while (this.working.size < MOST_AT_ONCE) {
      const lease = await this.store.claim();
      if (!lease) return;
      const stop = new AbortController();
      const done = this.carry(lease, stop).finally(() => this.working.delete(lease.id));
      this.working.set(lease.id, { done, stop });
    }
  }

  /** Works on a move until there is nothing to do, or somebody else has it. */
  private async carry(lease: MoveLease, first: AbortController): Promise<void> {
    let stop = first;
    try {
      for (;;) {
        const move = await this.store.read(lease);
        if (move.wish) {
          await this.fulfil(lease, move);
          continue;
        }
        if (move.state === 'flipped' && !(await this.store.isKept(lease))) {
          await this.store.enter(lease, move, { state: 'cleaning' });
          continue;
        }
        if (!isWorking(move.state) || this.closed || stop.signal.reason === 'shutdown') break;
        if (stop.signal.aborted) {
          stop = new AbortController();
          const entry = this.working.get(lease.id);
          if (entry) this.working.set(lease.id, { ...entry, stop });
        }
        if (!(await this.attempt(lease, move, move.state, stop))) break;
      }
      await this.store.release(lease);
    } catch (error) {
      if (error instanceof LeaseLost) return;
      this.logger.warn({ err: error, moveId: lease.id }, 'a move was left');
    }
  }

  /** @returns whether to go on at once */
  private async attempt(
    lease: MoveLease,
    move: ShardMove,
    state: WorkingState,
    stop: AbortController,
  ): Promise<boolean> {
    const renewing = setInterval(() => {
      this.store.renew(lease).then(
        (wished) => wished && stop.abort(WISHED),
        // Whoever cannot say that he has the move does not have it any more.
        () => stop.abort('lost'),
      );
    }, RENEW_EVERY_MS);
    try {
      await this.open(lease, move, stop.signal, (work) => this.steps.run(state, work));
      return true;
    } catch (error) {
      if (error instanceof LeaseLost || stop.signal.reason === 'lost') throw new LeaseLost();
      if (stop.signal.aborted) return stop.signal.reason === WISHED;
      await this.fail(lease, move, error);
      return false;
    } finally {
      clearInterval(renewing);
    }
  }

  private async open(
    lease: MoveLease,
    move: ShardMove,
    signal: AbortSignal,
    work: (work: MoveWork) => Promise<void>,
  ): Promise<void> {
    const { bucketCount } = await this.maps.read(move.group);
    const range = rangeOf(move, bucketCount);
    const ids = { source: move.sourceId, target: move.targetId };
    const endOf = (shardId: string, open: OpenShard): MoveEnd => ({
      shardId,
      connectionId: open.record.id,
      side: sideOf(open, range, signal),
    });
    await this.sides.withBoth(move.group, ids, signal, async ({ source, target }) => {
      const ends = { source: endOf(ids.source, source), target: endOf(ids.target, target) };
      await work({ lease, move, signal, ...endsOf(move.direction, ends) });
    });
  }

  private async fulfil(lease: MoveLease, move: ShardMove): Promise<void> {
    const granted = grant(move.wish!, move);
    if (typeof granted === 'string') {
      // It has come too late.
      await this.store.save(lease, { wish: null });
      return;
    }
    const cleared = { wish: null, failures: 0, cutovers: 0, errorCode: null, errorDetail: null };
    await this.store.enter(lease, move, { ...granted, ...cleared }, { wish: move.wish });
  }

  private async fail(lease: MoveLease, move: ShardMove, error: unknown): Promise<void> {
    const known = isAppError(error) ? error : new AppError('service.internal');
    if (!isAppError(error)) this.logger.error({ err: error, moveId: move.id }, 'a step of a move failed');
    const failures = move.failures + 1;
    const told = { errorCode: known.code, errorDetail: known.message, failures };
    const { state } = await this.store.read(lease);
    if (definitive.has(known.code) || failures >= MAX_FAILURES) {
      const resumeState = resumable(state);
      await this.store.enter(lease, move, { ...told, state: 'failed', resumeState }, { code: known.code });
      return;
    }
    const next = resumable(state);
    if (next === state) await this.store.save(lease, told);
    else await this.store.enter(lease, move, { ...told, state: next }, { code: known.code });
    await this.store.delay(lease, Math.min(MAX_DELAY_SECONDS, 2 ** failures / 2));
  }
}

function isWorking(state: string): state is WorkingState {
  return (workingStates as readonly string[]).includes(state);
}
