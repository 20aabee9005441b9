import { Module } from '@nestjs/common';
import { RuntimeModule } from '../../common/runtime.module';
import { AuditModule } from '../audit/audit.module';
import { ConnectionsModule } from '../connections/connections.module';
import { QueryModule } from '../query/query.module';
import { ShardsModule } from '../shards/shards.module';
import { MergedQueriesService } from './merged-queries.service';
import { RoutedRuns } from './routed-runs';
import { ScatterService } from './scatter.service';
import { ShardProceduresController } from './shard-procedures.controller';
import { ShardProceduresService } from './shard-procedures.service';
import { ShardQueriesController } from './shard-queries.controller';
import { ShardQueriesService } from './shard-queries.service';

@Module({
  imports: [AuditModule, ConnectionsModule, QueryModule, RuntimeModule, ShardsModule],
  controllers: [ShardQueriesController, ShardProceduresController],
  providers: [MergedQueriesService, RoutedRuns, ScatterService, ShardProceduresService, ShardQueriesService],
})
export class ShardQueriesModule {}
