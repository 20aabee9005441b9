import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConnectionsModule } from '../connections/connections.module';
import { JobsModule } from '../jobs/jobs.module';
import { PoliciesModule } from '../policies/policies.module';
import { SettingsModule } from '../settings/settings.module';
import { CachedColumn } from './cached-column.entity';
import { CachedTable } from './cached-table.entity';
import { SchemaCache } from './schema-cache';
import { SchemaCacheRetentionJob } from './schema-cache-retention.job';
import { SchemaController } from './schema.controller';
import { SchemaReader } from './schema.reader';

@Module({
  imports: [
    TypeOrmModule.forFeature([CachedTable, CachedColumn]),
    ConnectionsModule,
    JobsModule,
    PoliciesModule,
    SettingsModule,
  ],
  controllers: [SchemaController],
  providers: [SchemaCache, SchemaCacheRetentionJob, SchemaReader],
  exports: [SchemaReader],
})
export class SchemaModule {}
