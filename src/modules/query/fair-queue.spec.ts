import fc from 'fast-check';
import { FairQueue, type Lane } from './fair-queue';

const limits = { waiting: 1000, waitingPerUser: 1000, waitMs: 60_000 };
const never = new AbortController().signal;
const short = (): Lane => 'short';

/** Waits without an end: the refusal that comes when the time is over is nobody's. */
function waitIn(queue: FairQueue, user: string, max: number, signal: AbortSignal): void {
  const entered = queue.enter(user, max, signal, short);
  if (entered instanceof Promise) entered.catch(() => undefined);
}

describe('FairQueue', () => {
  it('lets in at once while there is room, and no more than there are places', () => {
    const queue = new FairQueue(limits);
    expect([queue.enter('a', 2, never, short), queue.enter('a', 2, never, short)]).toEqual([
      'short',
      'short',
    ]);
    const third = queue.enter('a', 2, never, short);
    if (third instanceof Promise) third.catch(() => undefined);
    expect([third, queue.busy, queue.waiting]).toEqual([expect.any(Promise), 2, 1]);
    queue.leave('short');
    expect([queue.busy, queue.waiting]).toEqual([2, 0]);
  });

  it('lets users take turns, however many statements one of them sends', async () => {
    const queue = new FairQueue(limits);
    const order: string[] = [];
    const enter = async (user: string): Promise<void> => {
      await queue.enter(user, 1, never, short);
      order.push(user);
    };
    waitIn(queue, 'first', 1, never);
    const all = 'aaaaabbc'.split('').map(enter);
    for (let n = 0; n < 8; n++) {
      queue.leave('short');
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
    expect(() => queue.enter('a', 1, never, short)).toThrow(
      expect.objectContaining({ code: 'request.rate_limited', retryAfterSeconds: 1 }),
    );
    waitIn(queue, 'b', 1, never);
    expect(() => queue.enter('c', 1, never, short)).toThrow(
      expect.objectContaining({ code: 'connection.pool_exhausted', retryAfterSeconds: 1 }),
    );
  });

  it('refuses whoever has waited too long, or does not want it any more', async () => {
    const queue = new FairQueue({ ...limits, waitMs: 20 });
    const stop = new AbortController();
    waitIn(queue, 'a', 1, never);
    const gone = queue.enter('a', 1, stop.signal, short);
    const late = queue.enter('b', 1, never, short);
    stop.abort('client_gone');
    await expect(gone).rejects.toMatchObject({ code: 'query.cancelled' });
    await expect(late).rejects.toMatchObject({ code: 'connection.pool_exhausted' });
    expect([queue.busy, queue.waiting]).toEqual([1, 0]);
    expect(() => queue.enter('a', 1, stop.signal, short)).toThrow('cancelled');
    queue.leave('short');
    expect(queue.enter('a', 1, never, short)).toBe('short');
  });

  it('gives more places when there are more', () => {
    const queue = new FairQueue(limits);
    waitIn(queue, 'a', 1, never);
    waitIn(queue, 'a', 1, never);
    waitIn(queue, 'b', 3, never);
    expect([queue.busy, queue.waiting]).toEqual([3, 0]);
  });

  it('keeps a quarter of the places from long statements, and lets short ones go before them', async () => {
    const queue = new FairQueue(limits);
    const order: string[] = [];
    const enter = async (user: string, lane: Lane): Promise<void> => {
      await queue.enter(user, 4, never, () => lane);
      order.push(`${lane} ${user}`);
    };
    const longs = ['a', 'a', 'b', 'c', 'c'].map((user) => enter(user, 'long'));
    await new Promise(setImmediate);
    expect([queue.busy, queue.waiting]).toEqual([3, 2]);
    const shorts = ['d', 'd', 'e'].map((user) => enter(user, 'short'));
    await new Promise(setImmediate);
    expect([queue.busy, queue.waiting]).toEqual([4, 4]);
    const left: Lane[] = ['long', 'short', 'short', 'short', 'long'];
    for (const lane of left) {
      queue.leave(lane);
      await new Promise(setImmediate);
    }
    await Promise.all([...longs, ...shorts]);
    expect(order.slice(0, 4)).toEqual(['long a', 'long a', 'long b', 'short d']);
    expect(order.slice(4)).toEqual(['short d', 'short e', 'long c', 'long c']);
  });

  it('lets a statement wait with the long ones as soon as it is known to be one', async () => {
    const queue = new FairQueue(limits);
    for (let n = 0; n < 4; n++) waitIn(queue, 'a', 4, never);
    let lane: Lane = 'short';
    const unknown = ['a', 'b', 'c', 'c'].map(async (user) => queue.enter(user, 4, never, () => lane));
    const last = queue.enter('d', 4, never, short);
    lane = 'long';
    queue.leave('short');
    expect(await last).toBe('short');
    for (let n = 0; n < 4; n++) queue.leave('short');
    expect([queue.busy, queue.waiting]).toEqual([3, 1]);
    queue.leave('long');
    expect(await Promise.all(unknown)).toEqual(['long', 'long', 'long', 'long']);
  });

  it('lets neither short nor long statements stand still while the others never end', async () => {
    for (const [many, few] of [
      ['short', 'long'],
      ['long', 'short'],
    ] as const) {
      for (const max of [1, 2, 10]) {
        const queue = new FairQueue(limits);
        const inside: Lane[] = [];
        const enter = async (user: string, lane: Lane): Promise<void> => {
          await queue.enter(user, max, never, () => lane);
          inside.push(lane);
        };
        const entered: Promise<void>[] = [];
        for (let n = 0; n < 20; n++) entered.push(enter(`u${n % 3}`, many));
        entered.push(enter('other', few));
        await new Promise(setImmediate);
        for (let n = 0; n < 12 && !inside.includes(few); n++) {
          queue.leave(inside.shift()!);
          entered.push(enter('u1', many));
          await new Promise(setImmediate);
        }
        expect(inside).toContain(few);
        while (queue.busy > 0) {
          queue.leave(inside.shift()!);
          await new Promise(setImmediate);
        }
        await Promise.all(entered);
      }
    }
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
              const entered = queue.enter(user, max, stop.signal, short);
              if (entered === 'short') inside += 1;
              else {
                waiting.push(stop);
                void (async () => {
                  const admitted = await Promise.resolve(entered).then(
                    () => 1,
                    () => 0,
                  );
                  waiting.splice(waiting.indexOf(stop), 1);
                  inside += admitted;
                })();
              }
            } else if (kind === 'leave' && inside > 0) {
              inside -= 1;
              queue.leave('short');
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
