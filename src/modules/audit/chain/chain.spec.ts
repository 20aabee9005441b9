import { Chain } from './chain';
import { entryHash, NO_HASH, uuidBytes } from './chain-hash';
import { merkleRoot } from './merkle';

const ID = '5f0c7b1e-0c3f-4d44-9d7e-0f5a4c9be001';

describe('a chain', () => {
  it('links each record to the one before it', () => {
    const chain = new Chain(ID);
    const one = chain.stage('{"a":1}', '2026-11');
    const two = chain.stage('{"a":2}', '2026-11');
    expect([one.seq, two.seq]).toEqual([1, 2]);
    expect(one.hash).toEqual(entryHash(uuidBytes(ID), 1, NO_HASH, '{"a":1}'));
    expect(two.hash).toEqual(entryHash(uuidBytes(ID), 2, one.hash, '{"a":2}'));
  });

  it('gives the numbers of a commit that failed to the next one', () => {
    const chain = new Chain(ID);
    chain.stage('{}', '2026-11');
    chain.rolledBack();
    expect(chain.head.seq).toBe(0);
    const again = chain.stage('{}', '2026-11');
    chain.committed();
    expect(again.seq).toBe(1);
    expect(chain.head).toEqual({ seq: 1, hash: again.hash });
  });

  it('cuts segments where they are asked for and where the month changes, without a gap', () => {
    const chain = new Chain(ID);
    const links = ['2026-11', '2026-11', '2026-12', '2026-12', '2026-12'].map((month, n) =>
      chain.stage(`{"n":${n}}`, month),
    );
    chain.committed();
    const first = chain.segments();
    expect(first.map(({ from, to, month }) => [from, to, month])).toEqual([
      [1, 2, '2026-11'],
      [3, 5, '2026-12'],
    ]);
    expect(first[0]!.previous).toEqual(NO_HASH);
    expect(first[1]!.previous).toEqual(first[0]!.head);
    expect(first[1]!.tree).toEqual(merkleRoot(links.slice(2).map(({ hash }) => hash)));
    chain.stage('{}', '2026-12');
    chain.committed();
    chain.taken(first);
    expect(chain.segments().map(({ from, to }) => [from, to])).toEqual([[6, 6]]);
  });

  it('keeps segments that were not made durable', () => {
    const chain = new Chain(ID);
    chain.stage('{}', '2026-11');
    chain.committed();
    expect(chain.segments()).toHaveLength(1);
    expect(chain.segments()).toHaveLength(1);
  });
});
