import fc from 'fast-check';
import { nodeHash, sha256 } from './chain-hash';
import { followPath, merklePath, merkleRoot } from './merkle';

const leaves = (count: number): Buffer[] => Array.from({ length: count }, (_, n) => sha256(`leaf ${n}`));

describe('a Merkle tree', () => {
  it('has the shape of RFC 9162: the left half is the largest power of two', () => {
    const [a, b, c, d, e] = leaves(5) as [Buffer, Buffer, Buffer, Buffer, Buffer];
    expect(merkleRoot([a])).toEqual(a);
    expect(merkleRoot([a, b, c])).toEqual(nodeHash(nodeHash(a, b), c));
    expect(merkleRoot([a, b, c, d, e])).toEqual(nodeHash(nodeHash(nodeHash(a, b), nodeHash(c, d)), e));
  });

  it('proves each of its leaves, and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (count, at) => {
        const all = leaves(count);
        const index = at % count;
        const path = merklePath(all, index);
        expect(followPath(all[index]!, path)).toEqual(merkleRoot(all));
        expect(followPath(sha256('another'), path)).not.toEqual(merkleRoot(all));
      }),
    );
  });

  it('has no root without leaves', () => {
    expect(() => merkleRoot([])).toThrow('without leaves');
  });
});
