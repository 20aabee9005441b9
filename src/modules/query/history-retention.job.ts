import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { JobReport } from '../jobs/job';
import { Jobs } from '../jobs/jobs.service';
import { SettingsService } from '../settings/settings.service';

/** Rows a statement: the locks of each are short, and a crash loses little. */
const BATCH = 5000;
const USAGE_DAYS = 7;

/** Deletes runs older than `history_retention_days`. What still runs stays. */
@Injectable()
export class HistoryRetentionJob {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly settings: SettingsService,
    jobs: Jobs,
  ) {
    jobs.register({
      name: 'history',
      description: 'Deletes runs past history_retention_days',
      everySeconds: 86_400,
      run: () => this.run(),
    });
  }

  async run(): Promise<JobReport> {
    const days = await this.settings.get('history_retention_days');
    let deleted = 0;
    for (let last = BATCH; last === BATCH; deleted += last) {
      [, last] = (await this.dataSource.query(
        `DELETE FROM query_history WHERE id IN (
           SELECT id FROM query_history WHERE created_at < now() - make_interval(days => $1) AND status <> 'pending'
           ORDER BY created_at LIMIT ${BATCH})`,
        [days],
      )) as [unknown, number];
    }
    // Counts of days that are over bound nothing; those of runs over midnight are still added to.
    await this.dataSource.query(
      `DELETE FROM connection_usage WHERE day < now() - interval '${USAGE_DAYS} days'`,
    );
    return { deleted };
  }
}
