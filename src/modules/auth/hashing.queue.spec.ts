import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../../common/app-error';
import { HashingQueue } from './hashing.queue';

describe('HashingQueue', () => {
  it('runs two at a time, in turn, whatever becomes of them', async () => {
    const queue = new HashingQueue();
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        queue.run(`address ${n}`, async () => {
          running += 1;
          most = Math.max(most, running);
          order.push(n);
          await sleep(1);
          running -= 1;
          if (n % 3 === 0) throw new Error('wrong password');
          return n;
        }),
      ),
    );
    expect(most).toBe(2);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(7);
    expect(await queue.run('address', async () => 'free again')).toBe('free again');
  });

  it('does not let one address fill it', async () => {
    const queue = new HashingQueue();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const flood = Array.from({ length: 200 }, () => queue.run('attacker', () => held));
    const refused = flood.slice(128).map((place) => place.catch((error: unknown) => error));
    const honest = queue.run('honest', async () => 'served');
    release();
    expect(await honest).toBe('served');
    await Promise.all(flood.slice(0, 128));
    expect((await Promise.all(refused)).every((error) => isAppError(error, 'auth.too_many_attempts'))).toBe(
      true,
    );
  });
});
