import { Injectable } from '@nestjs/common';
import type { ConnectionRecord } from '../connections/connection-record';
import { FairQueue } from './fair-queue';

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
    { id, maxConnections }: Pick<ConnectionRecord, 'id' | 'maxConnections'>,
    userId: string,
    signal: AbortSignal,
  ): Promise<() => void> {
    let queue = this.queues.get(id);
    if (!queue) this.queues.set(id, (queue = new FairQueue(limits)));
    const entered = queue.enter(userId, maxConnections, signal);
    if (entered) await entered;
    const own = queue;
    return () => {
      own.leave();
      if (own.busy === 0 && own.waiting === 0) this.queues.delete(id);
    };
  }
}
