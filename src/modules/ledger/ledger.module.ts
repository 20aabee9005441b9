import { Module } from '@nestjs/common';
import { RuntimeModule } from '../../common/runtime.module';
import { AuditModule } from '../audit/audit.module';
import { JobsModule } from '../jobs/jobs.module';
import { SettingsModule } from '../settings/settings.module';
import { AuditRetentionJob } from './audit-retention.job';
import { ExportController } from './export/export.controller';
import { ExportService } from './export/export.service';
import { FeedJob } from './feed/feed.job';
import { LedgerController } from './ledger.controller';
import { ProofReader } from './proof.reader';
import { RootJob } from './root.job';
import { RootMaker } from './root.maker';
import { RootStore } from './root.store';
import { RootDelivery } from './sinks/root.delivery';
import { SinkPositions } from './sinks/sink-positions';

@Module({
  imports: [AuditModule, JobsModule, RuntimeModule, SettingsModule],
  controllers: [ExportController, LedgerController],
  providers: [
    AuditRetentionJob,
    ExportService,
    FeedJob,
    ProofReader,
    RootDelivery,
    RootJob,
    RootMaker,
    RootStore,
    SinkPositions,
  ],
  exports: [RootJob, RootStore],
})
export class LedgerModule {}
