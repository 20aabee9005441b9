import { Module } from '@nestjs/common';
import { RuntimeModule } from '../../common/runtime.module';
import { AuditModule } from '../audit/audit.module';
import { ConnectionsModule } from '../connections/connections.module';
import { QueryModule } from '../query/query.module';
import { ShardsModule } from '../shards/shards.module';
import { MergedQueriesService } from './merged-queries.service';
import { ScatterService } from './scatter.service';
import { ShardQueriesController } from './shard-queries.controller';
import { ShardQueriesService } from './shard-queries.service';

@Module({
  imports: [AuditModule, ConnectionsModule, QueryModule, RuntimeModule, ShardsModule],
  controllers: [ShardQueriesController],
  providers: [MergedQueriesService, ScatterService, ShardQueriesService],
})
export class ShardQueriesModule {}
