import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import { sha256 } from '../audit/chain/chain-hash';
import { merklePath, type PathStep } from '../audit/chain/merkle';
import { segmentLeaf, type Segment } from '../audit/chain/segment';
import { canonicalOf, storedColumns, type StoredRecord } from '../audit/chain/stored-record';
import type { RootBody } from './root';
import { segmentJson, segmentOf, type SegmentJson } from './root-line';
import { RootStore } from './root.store';

export interface PathStepJson {
  readonly side: 'left' | 'right';
  readonly hash: string;
}

/** All that somebody needs, with a public key, to see that a record is under a root. Hashes in hexadecimal. */
export interface InclusionProof {
  readonly id: string;
  /** The canonical form of the record as it is in the table now. */
  readonly canonical: string;
  readonly recordHash: string;
  readonly chain: string;
  readonly seq: number;
  /** The link before it. */
  readonly previous: string;
  readonly link: string;
  readonly segment: SegmentJson;
  /** From the link to the tree of the segment. */
  readonly segmentPath: readonly PathStepJson[];
  /** From the segment to the tree of the root. */
  readonly rootPath: readonly PathStepJson[];
  readonly root: RootBody;
  readonly rootHash: string;
  readonly keyId: string;
  /** Ed25519 over the canonical form of `root`, base64. */
  readonly signature: string;
}

@Injectable()
export class ProofReader {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly store: RootStore,
  ) {}

  /** @throws AppError `resource.not_found`; `audit.not_sealed` when no root covers the record yet */
  async find(id: string): Promise<InclusionProof> {
    const [row]: StoredRecord[] = await this.dataSource.query(
      `SELECT ${storedColumns} FROM audit_logs l WHERE id = $1 LIMIT 1`,
      [id],
    );
    if (!row) throw new AppError('resource.not_found');
    const place = row.chain_id && (await this.store.segmentAt(row.chain_id, Number(row.chain_seq)));
    const root = place ? await this.store.find(place.root) : null;
    if (!place || !root) throw new AppError('audit.not_sealed', undefined, { retryAfterSeconds: 60 });
    const { segment, index } = place;
    const seq = Number(row.chain_seq);
    const links = await this.linksOf(segment);
    const { text } = canonicalOf(row);
    return {
      id,
      canonical: text,
      recordHash: sha256(text).toString('hex'),
      chain: segment.chain,
      seq,
      previous: (links[seq - segment.from - 1] ?? segment.previous).toString('hex'),
      link: row.entry_hash!.toString('hex'),
      segment: segmentJson(segment),
      segmentPath: merklePath(links, seq - segment.from).map(stepJson),
      rootPath: merklePath(
        root.segments.map((one) => segmentLeaf(segmentOf(one))),
        index,
      ).map(stepJson),
      root: root.root,
      rootHash: root.hash,
      keyId: root.keyId,
      signature: root.signature,
    };
  }

  private async linksOf({ chain, from, to }: Segment): Promise<Buffer[]> {
    const rows: { entry_hash: Buffer }[] = await this.dataSource.query(
      'SELECT entry_hash FROM audit_logs WHERE chain_id = $1 AND chain_seq BETWEEN $2 AND $3 ORDER BY chain_seq',
      [chain, from, to],
    );
    return rows.map((row) => row.entry_hash);
  }
}

function stepJson({ side, hash }: PathStep): PathStepJson {
  return { side, hash: hash.toString('hex') };
}
