import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { JobReport } from '../jobs/job';
import { Jobs } from '../jobs/jobs.service';
import { SettingsService } from '../settings/settings.service';

/** Deletes catalogs that nobody has read anew for `schema_cache_retention_days`. */
@Injectable()
export class SchemaCacheRetentionJob {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly settings: SettingsService,
    jobs: Jobs,
  ) {
    jobs.register({
      name: 'schema_cache',
      description: 'Deletes catalogs not read for schema_cache_retention_days',
      everySeconds: 86_400,
      run: () => this.run(),
    });
  }

  async run(): Promise<JobReport> {
    const days = await this.settings.get('schema_cache_retention_days');
    const report: Record<string, number> = {};
    for (const [name, table] of [
      ['columns', 'cached_schema_info'],
      ['tables', 'cached_schema_tables'],
    ] as const) {
      const [, deleted]: [unknown, number] = await this.dataSource.query(
        `DELETE FROM ${table} WHERE cached_at < now() - make_interval(days => $1)`,
        [days],
      );
      report[name] = deleted;
    }
    return report;
  }
}
