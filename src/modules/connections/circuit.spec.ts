import { Circuit } from './circuit';

describe('Circuit', () => {
  let now: number;
  const circuit = (): Circuit =>
    new Circuit(
      { threshold: 2, firstDelayMs: 100, mostDelayMs: 400 },
      () => now,
      () => 0,
    );
  beforeEach(() => {
    now = 1000;
  });

  it('stays closed below the threshold and after a success', () => {
    const one = circuit();
    one.failed();
    expect(one.tryAfterMs()).toBe(0);
    one.succeeded();
    one.failed();
    expect(one.state).toBe('closed');
  });

  it('opens at the threshold and lets exactly one probe through after the delay', () => {
    const one = circuit();
    one.failed();
    one.failed();
    expect(one.tryAfterMs()).toBe(100);
    now += 100;
    expect(one.state).toBe('half_open');
    expect(one.tryAfterMs()).toBe(0);
    expect(one.tryAfterMs()).toBeGreaterThan(0);
    one.succeeded();
    expect(one.state).toBe('closed');
  });

  it('doubles the delay with each failed probe, up to the bound', () => {
    const one = circuit();
    one.failed();
    const delays = [1, 2, 3, 4].map(() => {
      one.failed();
      const delay = one.tryAfterMs();
      now += delay;
      expect(one.tryAfterMs()).toBe(0);
      return delay;
    });
    expect(delays).toEqual([100, 200, 400, 400]);
  });

  it('frees the probe when it is abandoned', () => {
    const one = circuit();
    one.failed();
    one.failed();
    now += 100;
    expect(one.tryAfterMs()).toBe(0);
    one.abandoned();
    expect(one.tryAfterMs()).toBe(0);
  });

  it('spreads the delay by up to half', () => {
    const one = new Circuit(
      { threshold: 1, firstDelayMs: 100, mostDelayMs: 400 },
      () => now,
      () => 0.999_999,
    );
    one.failed();
    expect(one.tryAfterMs()).toBeGreaterThanOrEqual(50);
    expect(one.tryAfterMs()).toBeLessThan(51);
  });
});
