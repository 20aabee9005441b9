import { Injectable, Logger } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { withClusterLock } from '../../database/cluster-lock';

/** Every day removes sessions that ended or expired a day ago, and counters whose window is over. */
@Injectable()
export class SessionCleanupJob {
  private readonly logger = new Logger(SessionCleanupJob.name);

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  @Cron('17 3 * * *')
  async run(): Promise<void> {
    try {
      await withClusterLock(this.dataSource, 'session_cleanup', () => this.clean());
    } catch (error) {
      this.logger.error({ err: error }, 'sessions could not be cleaned');
    }
  }

  async clean(): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM user_sessions WHERE least(expires_at, ended_at) < now() - interval '1 day'`,
    );
    await this.dataSource.query('DELETE FROM rate_limits WHERE expire < $1', [Date.now()]);
  }
}
