import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RuntimeModule } from '../../common/runtime.module';
import { closeAnalysis } from '../../sql/analyse';
import { AuditModule } from '../audit/audit.module';
import { AuthModule } from '../auth/auth.module';
import { ConnectionsModule } from '../connections/connections.module';
import { JobsModule } from '../jobs/jobs.module';
import { PermissionsModule } from '../permissions/permissions.module';
import { PoliciesModule } from '../policies/policies.module';
import { SealingModule } from '../sealing/sealing.module';
import { SettingsModule } from '../settings/settings.module';
import { AbandonedRunsJob } from './abandoned-runs.job';
import { Admission } from './admission';
import { CacheMetrics } from './cache.metrics';
import { CachedAnswers } from './cached-answers';
import { CheckController } from './check.controller';
import { CheckService } from './check.service';
import { ConnectionQueues } from './connection-queues';
import { ExplainController } from './explain/explain.controller';
import { ExplainService } from './explain/explain.service';
import { HistoryController } from './history.controller';
import { HistoryReader } from './history.reader';
import { HistoryRetentionJob } from './history-retention.job';
import { OutcomeBundle } from './outcome-bundle';
import { ProcedureCatalog } from './procedures/procedure-catalog';
import { ProcedureController } from './procedures/procedure.controller';
import { ProcedureGate } from './procedures/procedure-gate';
import { ProcedureService } from './procedures/procedure.service';
import { QueryCancellation } from './query-cancellation';
import { QueryHistory } from './query-history.entity';
import { QueryController } from './query.controller';
import { QueryService } from './query.service';
import { ResultCache } from './result-cache';
import { ResultCacheController } from './result-cache.controller';
import { RevokedRuns } from './revoked-runs';
import { RunMetrics } from './run.metrics';
import { RunRecorder } from './run-recorder';
import { RunningQueries } from './running-queries';
import { SavedQueriesController } from './saved-queries.controller';
import { SavedQueriesService } from './saved-queries.service';
import { SavedQuery } from './saved-query.entity';
import { SavedResult } from './saved-result.entity';
import { SavedResultsJob } from './saved-results.job';
import { SavedResultsService } from './saved-results.service';
import { StatementGate } from './statement-gate';
import { StatementRunner } from './statement-runner';
import { WriteMarks } from './write-marks';
import { StreamController } from './stream/stream.controller';
import { StreamService } from './stream/stream.service';
import { WriteGenerationsJob } from './write-generations.job';

@Module({
  imports: [
    TypeOrmModule.forFeature([QueryHistory, SavedQuery, SavedResult]),
    AuditModule,
    AuthModule,
    ConnectionsModule,
    JobsModule,
    PermissionsModule,
    PoliciesModule,
    RuntimeModule,
    SealingModule,
    SettingsModule,
  ],
  controllers: [
    QueryController,
    CheckController,
    ExplainController,
    ProcedureController,
    ResultCacheController,
    StreamController,
    HistoryController,
    SavedQueriesController,
  ],
  providers: [
    AbandonedRunsJob,
    Admission,
    CachedAnswers,
    CacheMetrics,
    CheckService,
    ConnectionQueues,
    ExplainService,
    HistoryReader,
    HistoryRetentionJob,
    OutcomeBundle,
    ProcedureCatalog,
    ProcedureGate,
    ProcedureService,
    QueryCancellation,
    QueryService,
    ResultCache,
    RevokedRuns,
    RunMetrics,
    RunRecorder,
    RunningQueries,
    SavedQueriesService,
    SavedResultsJob,
    SavedResultsService,
    StatementGate,
    StatementRunner,
    StreamService,
    WriteGenerationsJob,
    WriteMarks,
  ],
  exports: [
    Admission,
    ProcedureService,
    QueryService,
    ResultCache,
    RunRecorder,
    StatementGate,
    StatementRunner,
    StreamService,
    WriteMarks,
  ],
})
export class QueryModule implements OnApplicationShutdown {
  async onApplicationShutdown(): Promise<void> {
    await closeAnalysis();
  }
}
