import { ExpectedTimes } from './expected-times';

describe('ExpectedTimes', () => {
  it('takes a statement for short until it was seen to be long, and again when it is fast once more', () => {
    const times = new ExpectedTimes();
    expect(times.laneOf('a')).toBe('short');
    times.learn('a', 400, true);
    expect([times.laneOf('a'), times.laneOf('b')]).toEqual(['long', 'short']);
    for (let n = 0; n < 5; n++) times.learn('a', 1, true);
    expect(times.laneOf('a')).toBe('short');
  });

  it('does not take a long statement for a short one because it was stopped', () => {
    const times = new ExpectedTimes();
    times.learn('a', 400, true);
    for (let n = 0; n < 20; n++) times.learn('a', 1, false);
    expect(times.laneOf('a')).toBe('long');
    times.learn('b', 30_000, false);
    expect(times.laneOf('b')).toBe('long');
  });
});
