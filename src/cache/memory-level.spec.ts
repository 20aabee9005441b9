import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryLevel } from './memory-level';
import type { Packed } from './packed';

const value = (bytes: number): Packed => ({ keptAt: 0, deflated: false, bytes: Buffer.alloc(bytes) });
const MINUTE = 60_000;

describe('MemoryLevel', () => {
  it('keeps, replaces and deletes', () => {
    const level = new MemoryLevel(100_000);
    const [first, second] = [value(1), value(2)];
    level.set('a', first, MINUTE);
    level.set('a', second, MINUTE);
    expect(level.get('a')).toBe(second);
    level.delete('a');
    expect(level.get('a')).toBeUndefined();
  });

  it('forgets after the time to live, also what was packed anew meanwhile', async () => {
    const level = new MemoryLevel(100_000);
    const [before, after] = [value(2), value(1)];
    level.set('a', before, 30);
    level.replace('a', before, after);
    expect(level.get('a')).toBe(after);
    await sleep(60);
    expect(level.get('a')).toBeUndefined();
  });

  it('never outgrows its bound, drops the least recently used first, and counts what it drops', () => {
    const level = new MemoryLevel(16_000);
    for (let n = 0; n < 100; n++) {
      level.set(`key ${n}`, value(1500), MINUTE);
      level.get('key 0');
      expect(level.bytes).toBeLessThanOrEqual(16_000);
    }
    expect([level.get('key 0') !== undefined, level.get('key 1')]).toEqual([true, undefined]);
    expect([level.count, level.evictions]).toEqual([9, 91]);
  });

  it('keeps nothing that would take more than an eighth of the room', () => {
    const level = new MemoryLevel(16_000);
    level.set('small', value(10), MINUTE);
    level.set('large', value(2001), MINUTE);
    expect([level.get('large'), level.get('small') !== undefined]).toEqual([undefined, true]);
  });

  it('takes another bound while it is used', () => {
    const level = new MemoryLevel(16_000);
    for (let n = 0; n < 8; n++) level.set(`key ${n}`, value(500), MINUTE);
    level.resize(8_000);
    expect(level.get('key 7')).toBeDefined();
    expect(level.bytes).toBeLessThanOrEqual(8_000);
    level.resize(0);
    level.set('a', value(1), MINUTE);
    expect([level.count, level.bytes]).toEqual([0, 0]);
  });

  it('puts another packing only in the place of what it was made of', () => {
    const level = new MemoryLevel(16_000);
    const [before, meanwhile] = [value(1), value(2)];
    level.set('a', before, MINUTE);
    level.set('a', meanwhile, MINUTE);
    level.replace('a', before, value(3));
    expect(level.get('a')).toBe(meanwhile);
  });
});
