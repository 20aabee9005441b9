import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { withClusterLock } from '../../database/cluster-lock';
import { SavedResultsService } from './saved-results.service';

/** Deletes kept results whose time is over, daily, once per cluster. */
@Injectable()
export class SavedResultsJob {
  private readonly logger = new Logger(SavedResultsJob.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly results: SavedResultsService,
  ) {}

  @Cron(CronExpression.EVERY_DAY_AT_3AM)
  async run(): Promise<void> {
    try {
      await withClusterLock(this.dataSource, 'saved_results', async () => {
        const deleted = await this.results.deleteExpired();
        this.logger.log(`${deleted} expired results deleted`);
      });
    } catch (error) {
      this.logger.error({ err: error }, 'expired results could not be deleted');
    }
  }
}
