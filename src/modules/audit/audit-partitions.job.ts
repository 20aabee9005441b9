import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { GroupCommit } from '../../database/group-commit';

const MONTHS_AHEAD = 3;

/**
 * Keeps the monthly partitions of the audit log ahead of time: without one, nothing could be recorded. Should one be
 * missing all the same, the first commit that needs it has it made.
 */
@Injectable()
export class AuditPartitionsJob implements OnModuleInit {
  private readonly logger = new Logger(AuditPartitionsJob.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    groupCommit: GroupCommit,
  ) {
    groupCommit.repair = async (error) => isPartitionMissing(error) && (await this.ensure()).length > 0;
  }

  async onModuleInit(): Promise<void> {
    await this.ensure();
  }

  @Cron(CronExpression.EVERY_6_HOURS)
  async run(): Promise<void> {
    try {
      await this.ensure();
    } catch (error) {
      this.logger.error({ err: error }, 'audit partitions could not be created ahead');
    }
  }

  /** @returns names of the partitions that were missing */
  async ensure(): Promise<string[]> {
    const rows: { partition: string }[] = await this.dataSource.query(
      'SELECT ensure_audit_partitions(now(), $1) AS partition',
      [MONTHS_AHEAD],
    );
    return rows.map(({ partition }) => partition);
  }
}

/** 23514 without the name of a constraint: "no partition of relation … found for row". */
function isPartitionMissing(error: unknown): boolean {
  const { code, table, constraint } = error as { code?: unknown; table?: unknown; constraint?: unknown };
  return code === '23514' && table === 'audit_logs' && constraint === undefined;
}
