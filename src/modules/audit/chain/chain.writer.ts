import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { ClientBase } from 'pg';
import type { BatchWrite } from '../../../database/batch-statement';
import { GroupCommit, type CommitWitness } from '../../../database/group-commit';
import { Instance } from '../../../database/instance';
import { auditInsert, type LinkedRecord, type Recorded } from '../audit-insert';
import { recordOf } from './audit-record';
import { Chain, type ChainHead } from './chain';
import { NO_HASH } from './chain-hash';
import { chainLockKey } from './chain-lock';
import type { Segment } from './segment';

interface StoredEnd {
  readonly closed: boolean;
  readonly chain_seq: string | null;
  readonly entry_hash: Buffer | null;
}

/** A chain that the database no longer shows as this process left it. */
export interface BrokenChain {
  readonly chain: string;
  readonly expectedSeq: number;
  readonly foundSeq: number;
}

/**
 * Links the records of this process: one chain for each process, a new one where the old cannot go on. The end of the
 * chain is in memory. On a new session it is compared with the table, which tells whether the last commit happened,
 * and whether somebody changed what was written.
 */
@Injectable()
export class ChainWriter implements CommitWitness {
  private readonly logger = new Logger(ChainWriter.name);
  private chain: Chain | null = null;
  /** Of chains that another replica has closed, or that were found changed. */
  private left: Segment[] = [];
  private readonly breaks: BrokenChain[] = [];

  constructor(
    groupCommit: GroupCommit,
    private readonly instance: Instance,
  ) {
    groupCommit.witness = this;
  }

  /** What was found changed under this process since it started. */
  get broken(): readonly BrokenChain[] {
    return this.breaks;
  }

  async attach(client: ClientBase): Promise<void> {
    if (this.chain && !(await this.resume(client, this.chain))) {
      this.left.push(...this.chain.segments());
      this.chain = null;
    }
    if (this.chain) return;
    const chain = new Chain(randomUUID());
    await client.query(`SELECT pg_advisory_lock(${chainLockKey('$1')})`, [chain.id]);
    await client.query('INSERT INTO audit_chains (id, instance_id) VALUES ($1, $2)', [
      chain.id,
      this.instance.id,
    ]);
    this.chain = chain;
  }

  stamp(writes: readonly BatchWrite[]): readonly BatchWrite[] {
    const { chain } = this;
    if (!chain) throw new Error('records are linked on a session that was attached');
    return writes.map((write) => {
      if ((write.statement as unknown) !== auditInsert) return write;
      const recorded = write.row as Recorded;
      const canonical = 'text' in recorded ? recorded : recordOf(recorded);
      const row: LinkedRecord = {
        ...canonical,
        link: chain.stage(canonical.text, canonical.record.at.slice(0, 7)),
      };
      return { statement: write.statement, row };
    });
  }

  committed(): void {
    this.chain?.committed();
  }

  /** What this process has committed and nobody has signed for. */
  segments(): readonly Segment[] {
    return [...this.left, ...(this.chain?.segments() ?? [])];
  }

  /** @param segments of `segments()`, once they are durable */
  taken(segments: readonly Segment[]): void {
    const taken = new Set(segments);
    this.left = this.left.filter((segment) => !taken.has(segment));
    this.chain?.taken(segments.filter(({ chain }) => chain === this.chain?.id));
  }

  /** @returns whether the chain goes on */
  private async resume(client: ClientBase, chain: Chain): Promise<boolean> {
    // The old session may still be at its last commit, which the network has cut off from us: it has to end first.
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks
       WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid <> pg_backend_pid()
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND ((classid::bigint << 32) | objid::bigint) = ${chainLockKey('$1')}`,
      [chain.id],
    );
    await client.query(`SELECT pg_advisory_lock(${chainLockKey('$1')})`, [chain.id]);
    const { rows } = await client.query<StoredEnd>(
      `SELECT c.closed_at IS NOT NULL AS closed, l.chain_seq, l.entry_hash FROM audit_chains c
       LEFT JOIN LATERAL (SELECT chain_seq, entry_hash FROM audit_logs WHERE chain_id = c.id
         ORDER BY chain_seq DESC LIMIT 1) l ON true
       WHERE c.id = $1`,
      [chain.id],
    );
    const [stored] = rows;
    const end: ChainHead = {
      seq: Number(stored?.chain_seq ?? 0),
      hash: stored?.entry_hash ?? NO_HASH,
    };
    if (isSame(end, chain.stagedHead)) chain.committed();
    else chain.rolledBack();
    if (!isSame(end, chain.head)) {
      this.breaks.push({ chain: chain.id, expectedSeq: chain.head.seq, foundSeq: end.seq });
      this.logger.error(
        { chain: chain.id, expected: chain.head.seq, found: end.seq },
        'the record was changed outside of the service: the chain does not end as it was written',
      );
      return false;
    }
    return stored?.closed === false;
  }
}

function isSame(one: ChainHead, other: ChainHead): boolean {
  return one.seq === other.seq && one.hash.equals(other.hash);
}
