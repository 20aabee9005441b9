import fc from 'fast-check';
import { FairQueue } from './fair-queue';

const limits = { waiting: 1000, waitingPerUser: 1000, waitMs: 60_000 };
const never = new AbortController().signal;

/** Waits without an end: the refusal that comes when the time is over is nobody's. */
function waitIn(queue: FairQueue, user: string, max: number, signal: AbortSignal): void {
  queue.enter(user, max, signal)?.catch(() => undefined);
}

describe('FairQueue', () => {
  it('lets in at once while there is room, and no more than there are places', () => {
    const queue = new FairQueue(limits);
    expect([queue.enter('a', 2, never), queue.enter('a', 2, never)]).toEqual([null, null]);
    const third = queue.enter('a', 2, never);
    third?.catch(() => undefined);
    expect([third, queue.busy, queue.waiting]).toEqual([expect.any(Promise), 2, 1]);
    queue.leave();
    expect([queue.busy, queue.waiting]).toEqual([2, 0]);
  });

  it('lets users take turns, however many statements one of them sends', async () => {
    const queue = new FairQueue(limits);
    const order: string[] = [];
    const enter = async (user: string): Promise<void> => {
      await queue.enter(user, 1, never);
      order.push(user);
    };
    waitIn(queue, 'first', 1, never);
    const all = 'aaaaabbc'.split('').map(enter);
    for (let n = 0; n < 8; n++) {
      queue.leave();
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    expect(order.join('')).toBe('abcabaaa');
  });

  it('refuses when too many wait, of one user or of all, and says when to come again', () => {
    const queue = new FairQueue({ ...limits, waiting: 3, waitingPerUser: 2 });
    waitIn(queue, 'a', 1, never);
    waitIn(queue, 'a', 1, never);
    waitIn(queue, 'a', 1, never);
    expect(() => queue.enter('a', 1, never)).toThrow(
      expect.objectContaining({ code: 'request.rate_limited', retryAfterSeconds: 1 }),
    );
    waitIn(queue, 'b', 1, never);
    expect(() => queue.enter('c', 1, never)).toThrow(
      expect.objectContaining({ code: 'connection.pool_exhausted', retryAfterSeconds: 1 }),
    );
  });

  it('refuses whoever has waited too long, or does not want it any more', async () => {
    const queue = new FairQueue({ ...limits, waitMs: 20 });
    const stop = new AbortController();
    waitIn(queue, 'a', 1, never);
    const gone = queue.enter('a', 1, stop.signal);
    const late = queue.enter('b', 1, never);
    stop.abort('client_gone');
    await expect(gone).rejects.toMatchObject({ code: 'query.cancelled' });
    await expect(late).rejects.toMatchObject({ code: 'connection.pool_exhausted' });
    expect([queue.busy, queue.waiting]).toEqual([1, 0]);
    expect(() => queue.enter('a', 1, stop.signal)).toThrow('cancelled');
    queue.leave();
    expect(queue.enter('a', 1, never)).toBeNull();
  });

  it('gives more places when there are more', () => {
    const queue = new FairQueue(limits);
    waitIn(queue, 'a', 1, never);
    waitIn(queue, 'a', 1, never);
    waitIn(queue, 'b', 3, never);
    expect([queue.busy, queue.waiting]).toEqual([3, 0]);
  });

  it('never loses a place, never gives one twice and leaves nobody standing', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('enter'), user: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('leave'), user: fc.constant('') }),
      fc.record({ kind: fc.constant('abort'), user: fc.constant('') }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, max) => {
          const queue = new FairQueue(limits);
          let inside = 0;
          const waiting: AbortController[] = [];
          for (const { kind, user } of steps) {
            if (kind === 'enter') {
              const stop = new AbortController();
              const entered = queue.enter(user, max, stop.signal);
              if (entered === null) inside += 1;
              else {
                waiting.push(stop);
                void (async () => {
                  const admitted = await entered.then(
                    () => 1,
                    () => 0,
                  );
                  waiting.splice(waiting.indexOf(stop), 1);
                  inside += admitted;
                })();
              }
            } else if (kind === 'leave' && inside > 0) {
              inside -= 1;
              queue.leave();
            } else if (kind === 'abort') {
              waiting[0]?.abort('cancelled');
            }
            await new Promise(setImmediate);
            expect([queue.busy, queue.waiting]).toEqual([inside, waiting.length]);
            expect(inside).toBeLessThanOrEqual(max);
            expect(waiting.length === 0 || inside === max).toBe(true);
          }
          for (const stop of waiting.slice()) stop.abort('cancelled');
        },
      ),
      { numRuns: 200 },
    );
  });
});
