import { Injectable } from '@nestjs/common';
import { serverCountOf } from '../connections/connection-record';
import { normaliseStatement } from '../../sql/normalise/normalise-statement';
import { ExpectedTimes } from './expected-times';
import { FairQueue } from './fair-queue';
import type { Run } from './run';

/** What waits costs memory; more than this is refused and told when to come again. */
const limits = { waiting: 1_000, waitingPerUser: 200, waitMs: 10_000 };

/**
 * The queue in front of every connection's sessions: users take turns, nobody waits without bound, and what is known to be
 * short does not wait for what is known to be long.
 */
@Injectable()
export class ConnectionQueues {
  private readonly queues = new Map<string, FairQueue>();
  private readonly times = new ExpectedTimes();

  get waiting(): number {
    let waiting = 0;
    for (const queue of this.queues.values()) waiting += queue.waiting;
    return waiting;
  }

  /**
   * @returns leaves the place; to be called exactly once, with whether the statement ran to its end
   * @throws AppError as `FairQueue.enter`
   */
  async enter(
    run: Pick<Run, 'connection' | 'facts' | 'text'>,
    userId: string,
    signal: AbortSignal,
  ): Promise<(isWhole: boolean) => void> {
    const { id, sessions } = placesOf(run);
    let queue = this.queues.get(id);
    if (!queue) this.queues.set(id, (queue = new FairQueue(limits)));
    const statement = shapeOf(run);
    const entered = queue.enter(userId, sessions, signal, () => this.times.laneOf(statement));
    const lane = typeof entered === 'string' ? entered : await entered;
    const own = queue;
    const since = performance.now();
    return (isWhole) => {
      this.times.learn(statement, performance.now() - since, isWhole);
      own.leave(lane);
      if (own.busy === 0 && own.waiting === 0) this.queues.delete(id);
    };
  }
}

/** Statements that differ in their constants alone are expected to take as long. */
function shapeOf({ connection: { id, dialect }, text }: Pick<Run, 'connection' | 'text'>): string {
  return `${id}\n${(dialect && normaliseStatement(dialect, text).text) ?? text}`;
}

/** Reads of a connection with replicas have the sessions of all its servers, and do not stand before writes. */
function placesOf({ connection, facts }: Pick<Run, 'connection' | 'facts'>): {
  id: string;
  sessions: number;
} {
  const { id, maxConnections } = connection;
  const servers = serverCountOf(connection);
  if (servers === 1 || facts.access === 'write') return { id, sessions: maxConnections };
  return { id: `${id}:read`, sessions: maxConnections * servers };
}
