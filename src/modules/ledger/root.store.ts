import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import type { Segment } from '../audit/chain/segment';
import { readRoots, segmentColumns, segmentOfRow, type SegmentRow } from './read-roots';
import { NO_ROOT, type LastRoot, type SignedRoot } from './root';
import type { RootLine } from './root-line';
import type { SigningKey } from './signing-key';

type Reader = Pick<EntityManager, 'query'>;

const MAX_SEGMENTS = 10_000;

/** Roots and their segments in the system database. */
@Injectable()
export class RootStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async last(reader: Reader = this.dataSource): Promise<LastRoot> {
    const [row]: { number: string; hash: Buffer }[] = await reader.query(
      'SELECT number, hash FROM audit_roots ORDER BY number DESC LIMIT 1',
    );
    return row ? { number: Number(row.number), hash: row.hash } : NO_ROOT;
  }

  /** Segments that no root covers, in the order of the next one's tree; locked until the transaction ends. */
  async uncovered(manager: EntityManager): Promise<Segment[]> {
    const rows: SegmentRow[] = await manager.query(
      `SELECT ${segmentColumns} FROM audit_segments WHERE root_number IS NULL
       ORDER BY chain_id, from_seq LIMIT ${MAX_SEGMENTS} FOR UPDATE`,
    );
    return rows.map(segmentOfRow);
  }

  async save(
    manager: EntityManager,
    root: SignedRoot,
    segments: readonly Segment[],
    key: SigningKey,
  ): Promise<void> {
    await manager.query(
      'INSERT INTO audit_keys (id, public_key) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING',
      [key.id, key.publicPem],
    );
    await manager.query(
      'INSERT INTO audit_roots (number, body, hash, key_id, signature) VALUES ($1, $2, $3, $4, $5)',
      [root.body.number, root.text, root.hash, root.keyId, root.signature],
    );
    await manager.query(
      `UPDATE audit_segments s SET root_number = $1, root_index = c.n - 1
       FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY AS c(chain_id, from_seq, n)
       WHERE s.chain_id = c.chain_id AND s.from_seq = c.from_seq`,
      [root.body.number, segments.map(({ chain }) => chain), segments.map(({ from }) => from)],
    );
  }

  /** Roots after `number`, in order, with their segments. */
  after(number: number, limit: number, reader: Reader = this.dataSource): Promise<RootLine[]> {
    return readRoots(
      { query: async (sql, values) => ({ rows: await reader.query(sql, values) }) },
      number,
      limit,
    );
  }

  async find(number: number, reader: Reader = this.dataSource): Promise<RootLine | null> {
    const [line] = await this.after(number - 1, 1, reader);
    return line?.root.number === number ? line : null;
  }

  /** The segment that holds record `seq` of a chain, with the root that covers it. */
  async segmentAt(
    chain: string,
    seq: number,
  ): Promise<{ segment: Segment; root: number; index: number } | null> {
    const [row]: (SegmentRow & { root_number: string; root_index: number })[] = await this.dataSource.query(
      `SELECT ${segmentColumns}, root_number, root_index FROM audit_segments
       WHERE chain_id = $1 AND from_seq <= $2 AND to_seq >= $2 AND root_number IS NOT NULL
       ORDER BY from_seq DESC LIMIT 1`,
      [chain, seq],
    );
    return row ? { segment: segmentOfRow(row), root: Number(row.root_number), index: row.root_index } : null;
  }

  async keys(): Promise<{ id: string; publicKey: string }[]> {
    return this.dataSource.query('SELECT id, public_key AS "publicKey" FROM audit_keys ORDER BY created_at');
  }
}
