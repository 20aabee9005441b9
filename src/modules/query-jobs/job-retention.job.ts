import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, type Repository } from 'typeorm';
import { bySystem } from '../audit/audit-event';
import { Jobs } from '../jobs/jobs.service';
import { QueryJob } from './query-job.entity';
import { QueryJobsService } from './query-jobs.service';

const BATCH = 1000;

/** Deletes background runs whose time is over, with their results. */
@Injectable()
export class JobRetentionJob {
  constructor(
    @InjectRepository(QueryJob) private readonly rows: Repository<QueryJob>,
    private readonly service: QueryJobsService,
    jobs: Jobs,
  ) {
    jobs.register({
      name: 'query_jobs',
      description: 'Deletes background runs past background_result_hours',
      everySeconds: 600,
      run: async () => ({ deleted: await this.deleteExpired() }),
    });
  }

  private async deleteExpired(): Promise<number> {
    let deleted = 0;
    for (;;) {
      const expired = await this.rows.find({ where: { expiresAt: LessThan(new Date()) }, take: BATCH });
      for (const job of expired) await this.service.forget(job, bySystem, 'expired');
      deleted += expired.length;
      if (expired.length < BATCH) return deleted;
    }
  }
}
