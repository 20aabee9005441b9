import { Module } from '@nestjs/common';
import { QueryModule } from '../query/query.module';
import { ShardsModule } from '../shards/shards.module';
import { ShardQueriesController } from './shard-queries.controller';
import { ShardQueriesService } from './shard-queries.service';

@Module({
  imports: [QueryModule, ShardsModule],
  controllers: [ShardQueriesController],
  providers: [ShardQueriesService],
})
export class ShardQueriesModule {}
