import { AppError } from '../../common/app-error';
import { SingleFlight, type Flown } from './single-flight';

/** Work that ends when the test says so. */
function gate<T>(): {
  work: () => Promise<T>;
  open: (value: T) => void;
  fail: (error: Error) => void;
  calls: () => number;
} {
  let calls = 0;
  const waiting: { resolve: (value: T) => void; reject: (error: Error) => void }[] = [];
  return {
    work: () => {
      calls += 1;
      return new Promise((resolve, reject) => void waiting.push({ resolve, reject }));
    },
    open: (value) => waiting.shift()!.resolve(value),
    fail: (error) => waiting.shift()!.reject(error),
    calls: () => calls,
  };
}
const forAll = (value: string): Flown<string> => ({ value, isForAll: true });
const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('SingleFlight', () => {
  it('does once what many ask for at the same time, and again for whoever comes later', async () => {
    const flight = new SingleFlight<string>();
    const { work, open, calls } = gate<Flown<string>>();
    const all = Array.from({ length: 10 }, () => flight.run('a', never, work));
    open(forAll('first'));
    expect((await Promise.all(all)).map(({ followed }) => followed)).toEqual([false, ...Array(9).fill(true)]);
    const later = flight.run('a', never, work);
    open(forAll('second'));
    expect([await later, calls()]).toEqual([{ value: 'second', followed: false }, 2]);
  });

  it('keeps different keys apart', async () => {
    const flight = new SingleFlight<string>();
    const both = ['a', 'b'].map((key) => flight.run(key, never, async () => forAll(key)));
    expect((await Promise.all(both)).map(({ value }) => value)).toEqual(['a', 'b']);
  });

  it('lets a waiter leave alone', async () => {
    const flight = new SingleFlight<string>();
    const { work, open, calls } = gate<Flown<string>>();
    const impatient = new AbortController();
    const leader = flight.run('a', never, work);
    const leaving = flight.run('a', impatient.signal, work);
    const staying = flight.run('a', never, work);
    impatient.abort('timeout');
    await expect(leaving).rejects.toMatchObject({ code: 'query.timeout' });
    open(forAll('value'));
    expect([(await leader).value, (await staying).value, calls()]).toEqual(['value', 'value', 1]);
  });

  it.each(['query.cancelled', 'query.timeout', 'permission.revoked'] as const)(
    'lets one of the waiters lead when the leader ends with %s',
    async (code) => {
      const flight = new SingleFlight<string>();
      const { work, open, fail, calls } = gate<Flown<string>>();
      const leader = flight.run('a', never, work);
      const others = [1, 2, 3].map(() => flight.run('a', never, work));
      fail(new AppError(code));
      await expect(leader).rejects.toMatchObject({ code });
      await turn();
      expect(calls()).toBe(2);
      open(forAll('value'));
      expect((await Promise.all(others)).map(({ value, followed }) => [value, followed])).toEqual([
        ['value', false],
        ['value', true],
        ['value', true],
      ]);
    },
  );

  it('shares neither failures nor what is for the leader alone', async () => {
    const flight = new SingleFlight<string>();
    const { work, open, fail, calls } = gate<Flown<string>>();
    const failing = [1, 2, 3].map(() => flight.run('a', never, work));
    fail(new AppError('query.invalid_value'));
    await expect(failing[0]).rejects.toMatchObject({ code: 'query.invalid_value' });
    await turn();
    expect(calls()).toBe(3);
    open({ value: 'own', isForAll: false });
    open({ value: 'own too', isForAll: false });
    expect((await Promise.all(failing.slice(1))).map(({ followed }) => followed)).toEqual([false, false]);
  });
});
