import type { Segment } from '../audit/chain/segment';
import type { RootBody, SignedRoot } from './root';

/** A segment in JSON: hashes in hexadecimal. */
export type SegmentJson = Omit<Segment, 'previous' | 'head' | 'tree'> & {
  readonly previous: string;
  readonly head: string;
  readonly tree: string;
};

/** A root as sinks and exports have it: a line of NDJSON. */
export interface RootLine {
  readonly type: 'root';
  readonly root: RootBody;
  readonly hash: string;
  readonly keyId: string;
  /** Base64. */
  readonly signature: string;
  readonly segments: readonly SegmentJson[];
}

export function rootLine(root: SignedRoot, segments: readonly Segment[]): RootLine {
  return {
    type: 'root',
    root: root.body,
    hash: root.hash.toString('hex'),
    keyId: root.keyId,
    signature: root.signature.toString('base64'),
    segments: segments.map(segmentJson),
  };
}

export function segmentJson(segment: Segment): SegmentJson {
  const { previous, head, tree } = segment;
  return {
    ...segment,
    previous: previous.toString('hex'),
    head: head.toString('hex'),
    tree: tree.toString('hex'),
  };
}

export function segmentOf(json: SegmentJson): Segment {
  return {
    ...json,
    previous: Buffer.from(json.previous, 'hex'),
    head: Buffer.from(json.head, 'hex'),
    tree: Buffer.from(json.tree, 'hex'),
  };
}
