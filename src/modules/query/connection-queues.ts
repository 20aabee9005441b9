import { Injectable } from '@nestjs/common';
import { serverCountOf } from '../connections/connection-record';
import { FairQueue } from './fair-queue';
import type { Run } from './run';

/** What waits costs memory; more than this is refused and told when to come again. */
const limits = { waiting: 1_000, waitingPerUser: 200, waitMs: 10_000 };

/** The queue in front of every connection's sessions: users take turns, and nobody waits without bound. */
@Injectable()
export class ConnectionQueues {
  private readonly queues = new Map<string, FairQueue>();

  get waiting(): number {
    let waiting = 0;
    for (const queue of this.queues.values()) waiting += queue.waiting;
    return waiting;
  }

  /**
   * @returns leaves the place; to be called exactly once
   * @throws AppError as `FairQueue.enter`
   */
  async enter(
    run: Pick<Run, 'connection' | 'facts'>,
    userId: string,
    signal: AbortSignal,
  ): Promise<() => void> {
    const { id, sessions } = placesOf(run);
    let queue = this.queues.get(id);
    if (!queue) this.queues.set(id, (queue = new FairQueue(limits)));
    const entered = queue.enter(userId, sessions, signal);
    if (entered) await entered;
    const own = queue;
    return () => {
      own.leave();
      if (own.busy === 0 && own.waiting === 0) this.queues.delete(id);
    };
  }
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
