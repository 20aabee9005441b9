import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { CONFIG, type Config } from '../../config/config';
import { batchWrite } from '../../database/batch-statement';
import { GroupCommit } from '../../database/group-commit';
import { Instance } from '../../database/instance';
import { auditInsert, outboxDelete } from './audit-insert';
import { canonicalRecord, type AuditRecord, type CanonicalRecord } from './chain/audit-record';

export interface OutboxRow {
  readonly id: string;
  readonly record: string;
  readonly mac: Buffer;
  readonly instance_id: string;
}

/**
 * Where the records of changes lie between the commit of their transaction and that of their link. Each has an HMAC
 * under a key derived from the signing key: who can only write to the database cannot have records linked.
 */
@Injectable()
export class AuditOutbox {
  private readonly key: Buffer;
  private readonly linking = new Set<string>();

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'auditSigningSeed'>,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly groupCommit: GroupCommit,
    private readonly instance: Instance,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', config.auditSigningSeed, '', 'sluice.audit.outbox', 32));
  }

  async put(manager: EntityManager, { record, text }: CanonicalRecord): Promise<void> {
    await manager.query('INSERT INTO audit_outbox (id, instance_id, record, mac) VALUES ($1, $2, $3, $4)', [
      record.id,
      this.instance.id,
      text,
      this.macOf(text),
    ]);
  }

  /** Gives records their place in the chain of this process and takes them out of the outbox, in one commit. */
  async link(records: readonly CanonicalRecord[]): Promise<void> {
    for (const { record } of records) this.linking.add(record.id);
    try {
      await this.groupCommit.write(
        records.flatMap((one) => [batchWrite(auditInsert, one), batchWrite(outboxDelete, one.record.id)]),
      );
    } finally {
      for (const { record } of records) this.linking.delete(record.id);
    }
  }

  /**
   * Links what was left behind: by this process, whose link failed, or by one that is gone and whose chains are closed.
   * @returns ids of records that nobody with the key has written; they stay where they are
   */
  async sweep(): Promise<{ linked: number; foreign: string[] }> {
    const rows: OutboxRow[] = await this.dataSource.query(
      `SELECT o.id, o.record, o.mac, o.instance_id FROM audit_outbox o
       WHERE (o.instance_id = $1 AND o.created_at < clock_timestamp() - interval '5 seconds')
          OR (o.instance_id <> $1 AND NOT EXISTS (
            SELECT FROM audit_chains c WHERE c.instance_id = o.instance_id AND c.closed_at IS NULL)
            AND o.created_at < clock_timestamp() - interval '30 seconds')
       ORDER BY o.created_at LIMIT 500`,
      [this.instance.id],
    );
    const others = new Set(rows.map((row) => row.instance_id).filter((id) => id !== this.instance.id));
    const dead = new Set(await this.instance.deadAmong([...others]));
    const free = rows.filter(
      (row) =>
        (row.instance_id === this.instance.id && !this.linking.has(row.id)) || dead.has(row.instance_id),
    );
    const foreign = free.filter((row) => !this.isOurs(row));
    const ours = free.filter((row) => !foreign.includes(row));
    if (ours.length > 0) {
      await this.link(ours.map(({ record }) => canonicalRecord(JSON.parse(record) as AuditRecord)));
    }
    return { linked: ours.length, foreign: foreign.map(({ id }) => id) };
  }

  private isOurs({ id, record, mac }: OutboxRow): boolean {
    const expected = this.macOf(record);
    return (
      mac.length === expected.length &&
      timingSafeEqual(mac, expected) &&
      (JSON.parse(record) as AuditRecord).id === id
    );
  }

  private macOf(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}
