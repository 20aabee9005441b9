import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { CacheModule } from './cache/cache.module';
import { RuntimeModule } from './common/runtime.module';
import type { Config } from './config/config';
import { ConfigModule } from './config/config.module';
import { DatabaseModule } from './database/database.module';
import type { SystemDatabase } from './database/system-database';
import { AuditModule } from './modules/audit/audit.module';
import { AuthModule } from './modules/auth/auth.module';
import { BackupModule } from './modules/backup/backup.module';
import { ConnectionsModule } from './modules/connections/connections.module';
import { HealthModule } from './modules/health/health.module';
import { JobsModule } from './modules/jobs/jobs.module';
import { LedgerModule } from './modules/ledger/ledger.module';
import { PermissionsModule } from './modules/permissions/permissions.module';
import { PoliciesModule } from './modules/policies/policies.module';
import { QueryModule } from './modules/query/query.module';
import { QueryJobsModule } from './modules/query-jobs/query-jobs.module';
import { SamplesModule } from './modules/samples/samples.module';
import { SchemaModule } from './modules/schema/schema.module';
import { SettingsModule } from './modules/settings/settings.module';
import { ShardMovesModule } from './modules/shard-moves/shard-moves.module';
import { ShardQueriesModule } from './modules/shard-queries/shard-queries.module';
import { ShardsModule } from './modules/shards/shards.module';
import { StatsModule } from './modules/stats/stats.module';

/** The whole service on a running system database. */
@Module({})
export class AppModule {
  static forRoot(config: Config, database: SystemDatabase): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(database, config.databasePoolSize),
        ScheduleModule.forRoot(),
        RuntimeModule,
        CacheModule,
        AuditModule,
        SettingsModule,
        JobsModule,
        BackupModule,
        LedgerModule,
        AuthModule,
        PermissionsModule,
        PoliciesModule,
        ConnectionsModule,
        ShardsModule,
        QueryModule,
        QueryJobsModule,
        ShardQueriesModule,
        ShardMovesModule,
        SchemaModule,
        HealthModule,
        SamplesModule,
        StatsModule,
      ],
    };
  }
}
