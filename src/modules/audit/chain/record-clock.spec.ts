import { formatTimeUs, nextTimeUs } from './record-clock';

describe('the clock of the record', () => {
  it('never goes back, whatever the clock of the machine does', () => {
    const now = Date.now() + 1000;
    const times = [now, now, now - 3_600_000, now + 5, now - 86_400_000].map((ms) => nextTimeUs(ms));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
    expect(times[3]).toBe((now + 5) * 1000);
  });

  it('prints microseconds as the table does', () => {
    expect(formatTimeUs(Date.UTC(2026, 10, 20, 12) * 1000 + 7)).toBe('2026-11-20T12:00:00.000007Z');
    expect(formatTimeUs(Date.UTC(2026, 10, 20, 12) * 1000 + 123_456)).toBe('2026-11-20T12:00:00.123456Z');
  });
});
