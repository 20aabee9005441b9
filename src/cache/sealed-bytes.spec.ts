import { randomBytes } from 'node:crypto';
import { openBytes, sealBytes } from './sealed-bytes';

const [first, second] = ['first', 'second'].map((id) => ({ id, key: randomBytes(32) })) as [
  { id: string; key: Buffer },
  { id: string; key: Buffer },
];
const value = Buffer.from('canary-value '.repeat(10));
const sealed = sealBytes([first], value, 'sluice:query:a');

describe('sealBytes', () => {
  it('opens for the place it was sealed for, under any of the keys', () => {
    expect(openBytes([first], sealed, 'sluice:query:a')).toEqual(value);
    expect(openBytes([second, first], sealed, 'sluice:query:a')).toEqual(value);
  });

  it('shows nothing of the value, and the same value differently each time', () => {
    expect(sealed.includes('canary')).toBe(false);
    expect(sealBytes([first], value, 'sluice:query:a').subarray(8)).not.toEqual(sealed.subarray(8));
  });

  it('opens in no other place and under no other key of the same name', () => {
    expect(openBytes([first], sealed, 'sluice:query:b')).toBeNull();
    expect(openBytes([second], sealed, 'sluice:query:a')).toBeNull();
    expect(openBytes([{ id: 'first', key: second.key }], sealed, 'sluice:query:a')).toBeNull();
  });

  it('notices every byte that was changed, and every end that was cut off', () => {
    const opened: number[] = [];
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      if (openBytes([first], changed, 'sluice:query:a')) opened.push(at);
      if (openBytes([first], sealed.subarray(0, at), 'sluice:query:a')) opened.push(at);
    }
    expect(opened).toEqual([]);
  });
});
