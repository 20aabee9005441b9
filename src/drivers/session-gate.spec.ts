import { SessionGate } from './session-gate';

const never = new AbortController().signal;

describe('the session gate', () => {
  it('admits in the order of arrival and never more than its places', async () => {
    const gate = new SessionGate(2, 10_000);
    const order: number[] = [];
    await gate.enter(never);
    await gate.enter(never);
    const waiting = [1, 2, 3].map(async (number) => {
      await gate.enter(never);
      order.push(number);
      expect(gate.busy).toBeLessThanOrEqual(2);
    });
    expect(gate).toMatchObject({ busy: 2, waiting: 3 });
    for (let left = 0; left < 3; left += 1) gate.leave();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    gate.leave();
    gate.leave();
    expect(gate).toMatchObject({ busy: 0, waiting: 0 });
  });

  it('says pool_exhausted when the wait is over', async () => {
    const gate = new SessionGate(1, 20);
    await gate.enter(never);
    await expect(gate.enter(never)).rejects.toMatchObject({ code: 'connection.pool_exhausted' });
    expect(gate.waiting).toBe(0);
  });

  it('refuses an aborted caller and forgets one that is aborted while it waits', async () => {
    const gate = new SessionGate(1, 10_000);
    await expect(gate.enter(AbortSignal.abort('cancelled'))).rejects.toMatchObject({
      code: 'query.cancelled',
    });
    await gate.enter(never);
    const stop = new AbortController();
    const waiting = gate.enter(stop.signal);
    stop.abort('timeout');
    await expect(waiting).rejects.toMatchObject({ code: 'query.timeout' });
    gate.leave();
    expect(gate.busy).toBe(0);
  });

  it('refuses everybody once closed and tells when it is empty', async () => {
    const gate = new SessionGate(1, 10_000);
    await gate.enter(never);
    const waiting = gate.enter(never);
    gate.close();
    await expect(waiting).rejects.toMatchObject({ code: 'connection.lost' });
    await expect(gate.enter(never)).rejects.toMatchObject({ code: 'connection.lost' });
    expect(await gate.emptied(10)).toBe(false);
    const emptied = gate.emptied(10_000);
    gate.leave();
    expect(await emptied).toBe(true);
  });
});
