import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { bySystem } from '../audit/audit-event';
import { AuditPartitionsJob } from '../audit/audit-partitions.job';
import { AuditService } from '../audit/audit.service';
import type { JobReport } from '../jobs/job';
import { Jobs } from '../jobs/jobs.service';

const DAY = 86_400;
/** 55000: the month is too young, or holds what no root covers (`drop_audit_partition`). */
const NOT_YET = '55000';

/** Makes the months of the record ahead, and drops those that are older than `audit_retention_days` and signed. */
@Injectable()
export class AuditRetentionJob {
  private readonly logger = new Logger(AuditRetentionJob.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly partitions: AuditPartitionsJob,
    private readonly audit: AuditService,
    jobs: Jobs,
  ) {
    jobs.register({
      name: 'audit_partitions',
      description:
        'Makes months of the record ahead, drops those past audit_retention_days that are under roots',
      everySeconds: DAY,
      run: () => this.run(),
    });
  }

  async run(): Promise<JobReport> {
    const made = await this.partitions.ensure();
    const months: { name: string }[] = await this.dataSource.query(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass ORDER BY 1`,
    );
    let [dropped, records] = [0, 0];
    for (const { name } of months) {
      const gone = await this.drop(name);
      if (gone === null) break;
      dropped += 1;
      records += gone;
    }
    return { made: made.length, dropped, records };
  }

  /** @returns how many records went with it; `null`: it stays, and so does everything after it */
  private async drop(partition: string): Promise<number | null> {
    try {
      return await this.dataSource.transaction(async (manager) => {
        // A statement that waits behind us for the table would wait as long as we for it.
        await manager.query(`SET LOCAL lock_timeout = '2s'`);
        const [row]: { records: string }[] = await manager.query(
          'SELECT drop_audit_partition($1) AS records',
          [partition],
        );
        await this.audit.recordIn(manager, {
          ...bySystem,
          action: 'audit.partition_drop',
          resourceType: 'audit_partition',
          resourceId: partition,
          result: 'success',
          details: { records: Number(row!.records) },
        });
        return Number(row!.records);
      });
    } catch (error) {
      if ((error as { code?: unknown }).code !== NOT_YET) throw error;
      this.logger.debug({ err: error, partition }, 'a month of the record stays');
      return null;
    }
  }
}
