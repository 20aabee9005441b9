import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Sealed } from '../../common/seal';
import { withClusterLock } from '../../database/cluster-lock';
import { bySystem } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { ConnectionVault } from './connection-vault';

const BATCH = 100;

interface StaleRow {
  readonly id: string;
  readonly connection_config: Sealed;
}

export interface RotationReport {
  readonly resealed: number;
  /** Connections whose key is not loaded any more, or whose configuration is damaged. */
  readonly failed: readonly string[];
}

/**
 * Brings every configuration under the current key, in the background. Each row is replaced only while it still is
 * what was opened, in a statement of its own: killed at any point, every row is whole under one key or the other, and
 * the next run goes on. The old key can leave ENCRYPTION_KEYS when a report says that nothing failed.
 */
@Injectable()
export class KeyRotationJob implements OnApplicationBootstrap {
  private readonly logger = new Logger(KeyRotationJob.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly vault: ConnectionVault,
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
      this.logger.error({ err: error }, 'sealed configurations could not be brought under the current key');
    }
  }

  async rotate(): Promise<RotationReport> {
    const keyId = this.vault.currentKeyId;
    const failed: string[] = [];
    let resealed = 0;
    let after = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const rows: StaleRow[] = await this.dataSource.query(
        `SELECT id, connection_config FROM database_connections
         WHERE connection_config ->> 'keyId' <> $1 AND id > $2 ORDER BY id LIMIT $3`,
        [keyId, after, BATCH],
      );
      for (const row of rows) {
        if (await this.reseal(row)) resealed++;
        else failed.push(row.id);
      }
      if (rows.length < BATCH) break;
      after = rows.at(-1)!.id;
    }
    if (resealed > 0 || failed.length > 0) await this.report(keyId, resealed, failed);
    return { resealed, failed };
  }

  private async reseal({ id, connection_config: sealed }: StaleRow): Promise<boolean> {
    try {
      const renewed = this.vault.reseal(id, sealed);
      // The revision stays: what is sealed is the same, and open pools go on.
      await this.dataSource.query(
        'UPDATE database_connections SET connection_config = $1 WHERE id = $2 AND connection_config = $3',
        [renewed, id, sealed],
      );
      return true;
    } catch (error) {
      this.logger.error({ err: error, connectionId: id }, 'a sealed configuration cannot be opened');
      return false;
    }
  }

  private async report(keyId: string, resealed: number, failed: readonly string[]): Promise<void> {
    await this.audit.record({
      ...bySystem,
      action: 'connection.reseal',
      resourceType: 'connection',
      result: failed.length === 0 ? 'success' : 'partial',
      details: { keyId, resealed, failed: failed.slice(0, 100) },
    });
  }
}
