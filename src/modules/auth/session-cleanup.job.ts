import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { JobReport } from '../jobs/job';
import { Jobs } from '../jobs/jobs.service';

/** Every day removes sessions that ended or expired a day ago, and counters whose window is over. */
@Injectable()
export class SessionCleanupJob {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    jobs: Jobs,
  ) {
    jobs.register({
      name: 'sessions',
      description: 'Deletes sessions that ended a day ago, and counters of log-ins whose window is over',
      everySeconds: 86_400,
      run: () => this.clean(),
    });
  }

  async clean(): Promise<JobReport> {
    const [, sessions]: [unknown, number] = await this.dataSource.query(
      `DELETE FROM user_sessions WHERE least(expires_at, ended_at) < now() - interval '1 day'`,
    );
    const [, counters]: [unknown, number] = await this.dataSource.query(
      'DELETE FROM rate_limits WHERE expire < $1',
      [Date.now()],
    );
    return { sessions, counters };
  }
}
