import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RuntimeModule } from '../../common/runtime.module';
import { CONFIG, type Config } from '../../config/config';
import { AuditModule } from '../audit/audit.module';
import { AuthModule } from '../auth/auth.module';
import { ConnectionsModule } from '../connections/connections.module';
import { JobsModule } from '../jobs/jobs.module';
import { QueryModule } from '../query/query.module';
import { SealingModule } from '../sealing/sealing.module';
import { SettingsModule } from '../settings/settings.module';
import { JobQueue } from './job-queue';
import { JobResultsService } from './job-results.service';
import { JobRetentionJob } from './job-retention.job';
import { JobWorker } from './job-worker';
import { QueryJob } from './query-job.entity';
import { QueryJobsController } from './query-jobs.controller';
import { QueryJobsService } from './query-jobs.service';
import { ResultSweeper } from './result-sweeper';
import { FileResultStore } from './store/file-result.store';

@Module({
  imports: [
    TypeOrmModule.forFeature([QueryJob]),
    AuditModule,
    AuthModule,
    ConnectionsModule,
    JobsModule,
    QueryModule,
    RuntimeModule,
    SealingModule,
    SettingsModule,
  ],
  controllers: [QueryJobsController],
  providers: [
    JobQueue,
    JobResultsService,
    JobRetentionJob,
    JobWorker,
    QueryJobsService,
    ResultSweeper,
    {
      provide: FileResultStore,
      inject: [CONFIG],
      useFactory: ({ dataDir }: Config) => new FileResultStore(join(dataDir, 'query-results')),
    },
  ],
})
export class QueryJobsModule {}
