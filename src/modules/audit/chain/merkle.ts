import { nodeHash } from './chain-hash';

/** A step from a leaf to the root: the hash beside it, and on which side that stands. */
export interface PathStep {
  readonly side: 'left' | 'right';
  readonly hash: Buffer;
}

/**
 * A Merkle tree of the shape of RFC 9162, 2.1.1, that is built leaf by leaf and holds one hash a level: the left half
 * of n leaves is the largest power of two below n.
 */
export class MerkleTree {
  /** Roots of whole subtrees, the largest first. */
  private readonly peaks: { readonly height: number; readonly hash: Buffer }[] = [];

  add(leaf: Buffer): void {
    let peak = { height: 0, hash: leaf };
    for (let last = this.peaks.at(-1); last?.height === peak.height; last = this.peaks.at(-1)) {
      this.peaks.pop();
      peak = { height: peak.height + 1, hash: nodeHash(last.hash, peak.hash) };
    }
    this.peaks.push(peak);
  }

  /** @throws Error for a tree without leaves */
  root(): Buffer {
    const hashes = this.peaks.map(({ hash }) => hash);
    let root = hashes.pop();
    if (!root) throw new Error('a tree without leaves has no root');
    for (let left = hashes.pop(); left; left = hashes.pop()) root = nodeHash(left, root);
    return root;
  }
}

export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.add(leaf);
  return tree.root();
}

/** What stands beside the way from leaf `index` to the root, the lowest first. */
export function merklePath(leaves: readonly Buffer[], index: number): PathStep[] {
  if (leaves.length <= 1) return [];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...merklePath(left, index), { side: 'right', hash: merkleRoot(right) }]
    : [...merklePath(right, index - split), { side: 'left', hash: merkleRoot(left) }];
}

export function followPath(leaf: Buffer, path: readonly PathStep[]): Buffer {
  return path.reduce(
    (hash, step) => (step.side === 'left' ? nodeHash(step.hash, hash) : nodeHash(hash, step.hash)),
    leaf,
  );
}
