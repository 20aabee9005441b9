import { Module } from '@nestjs/common';
import { ConnectionsModule } from '../connections/connections.module';
import { QueryModule } from '../query/query.module';
import { ShardsModule } from '../shards/shards.module';
import { ScatterService } from './scatter.service';
import { ShardQueriesController } from './shard-queries.controller';
import { ShardQueriesService } from './shard-queries.service';

@Module({
  imports: [ConnectionsModule, QueryModule, ShardsModule],
  controllers: [ShardQueriesController],
  providers: [ScatterService, ShardQueriesService],
})
export class ShardQueriesModule {}
