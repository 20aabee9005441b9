import { randomBytes } from 'node:crypto';
import { isAppError } from './app-error';
import { open, seal, type Sealed } from './seal';

const key = (id: string) => ({ id, key: randomBytes(32) });

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
  return 'opened';
}

describe('seal', () => {
  const keys = [key('k2'), key('k1')];

  it('opens what it sealed, under any loaded key', () => {
    const old = seal([keys[1]!], 'päss🔑word', 'row-1');
    expect(open(keys, old, 'row-1')).toBe('päss🔑word');
    expect(seal(keys, 'x', 'row-1').keyId).toBe('k2');
  });

  it('never gives the same sealed value twice', () => {
    expect(seal(keys, 'same', 'row').ciphertext).not.toBe(seal(keys, 'same', 'row').ciphertext);
  });

  it('refuses to open for another row, under another key, or anything changed', () => {
    const sealed = seal(keys, 'secret', 'row-1');
    const flip = (text: string): string => {
      const bytes = Buffer.from(text, 'base64');
      bytes[0]! ^= 1;
      return bytes.toString('base64');
    };
    const changed: Sealed[] = [
      { ...sealed, nonce: flip(sealed.nonce) },
      { ...sealed, ciphertext: flip(sealed.ciphertext) },
      { ...sealed, tag: flip(sealed.tag) },
      { ...sealed, tag: sealed.tag.slice(0, 8) },
      { ...sealed, keyId: 'k1' },
    ];
    expect(codeOf(() => open(keys, sealed, 'row-2'))).toBe('connection.unsealable');
    expect(changed.map((value) => codeOf(() => open(keys, value, 'row-1')))).toEqual(
      changed.map(() => 'connection.unsealable'),
    );
    expect(codeOf(() => open([key('other')], sealed, 'row-1'))).toBe('connection.key_unknown');
  });
});
