import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Sealed } from '../../common/seal';
import { withClusterLock } from '../../database/cluster-lock';
import { bySystem } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import type { SealedColumn } from './sealed-column';
import { Vault } from './vault';

const BATCH = 100;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const MOST_NAMED = 100;

export interface RotationReport {
  readonly resealed: number;
  /** `table:id` of what no loaded key opens: its key is gone, or it is damaged. It is left as it is. */
  readonly failed: readonly string[];
}

/**
 * Brings everything sealed under the current key, in the background. Each row is replaced only while it still is what
 * was opened, in a statement of its own: killed at any point, every row is whole under one key or the other, and the
 * next run goes on. An old key can leave ENCRYPTION_KEYS when a run after the last change of that variable reported
 * that nothing failed.
 */
@Injectable()
export class KeyRotationJob implements OnApplicationBootstrap {
  private readonly logger = new Logger(KeyRotationJob.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly vault: Vault,
    private readonly audit: AuditService,
  ) {}

  onApplicationBootstrap(): void {
    void this.run();
  }

  @Cron(CronExpression.EVERY_HOUR)
  async run(): Promise<void> {
    try {
      await withClusterLock(this.dataSource, 'key_rotation', async () => void (await this.rotate()));
    } catch (error) {
      this.logger.error({ err: error }, 'sealed values could not be brought under the current key');
    }
  }

  async rotate(): Promise<RotationReport> {
    const keyId = this.vault.currentKeyId;
    const failed: string[] = [];
    let resealed = 0;
    for (const column of this.vault.columns) {
      for await (const id of this.stale(column, keyId)) {
        const outcome = await this.reseal(column, id);
        if (outcome === 'resealed') resealed++;
        if (outcome === 'failed') failed.push(`${column.table}:${id}`);
      }
    }
    if (resealed > 0 || failed.length > 0) await this.report(keyId, resealed, failed);
    return { resealed, failed };
  }

  /** Ids of the rows under another key. Only ids: one saved result alone may be many megabytes. */
  private async *stale({ table, column }: SealedColumn, keyId: string): AsyncGenerator<string> {
    let after = FIRST_ID;
    for (;;) {
      // Two ranges and not `<>`, which an index cannot answer.
      const rows: { id: string }[] = await this.dataSource.query(
        `SELECT id FROM ${table}
         WHERE (${column} ->> 'keyId' < $1 OR ${column} ->> 'keyId' > $1) AND id > $2 ORDER BY id LIMIT $3`,
        [keyId, after, BATCH],
      );
      for (const { id } of rows) yield id;
      if (rows.length < BATCH) return;
      after = rows.at(-1)!.id;
    }
  }

  private async reseal(place: SealedColumn, id: string): Promise<'resealed' | 'changed' | 'failed'> {
    const { table, column } = place;
    const [row]: { sealed: Sealed }[] = await this.dataSource.query(
      `SELECT ${column} AS sealed FROM ${table} WHERE id = $1`,
      [id],
    );
    if (!row) return 'changed';
    let renewed: Sealed;
    try {
      renewed = this.vault.seal(place, id, this.vault.open(place, id, row.sealed));
    } catch (error) {
      this.logger.error({ err: error, table, id }, 'a sealed value cannot be opened');
      return 'failed';
    }
    const [, replaced]: [unknown, number] = await this.dataSource.query(
      `UPDATE ${table} SET ${column} = $1 WHERE id = $2 AND ${column} = $3`,
      [renewed, id, row.sealed],
    );
    return replaced === 1 ? 'resealed' : 'changed';
  }

  private async report(keyId: string, resealed: number, failed: readonly string[]): Promise<void> {
    await this.audit.record({
      ...bySystem,
      action: 'sealing.rotate',
      resourceType: 'encryption_key',
      resourceId: keyId,
      result: failed.length === 0 ? 'success' : 'partial',
      details: { resealed, failed: failed.length, rows: failed.slice(0, MOST_NAMED) },
    });
  }
}
