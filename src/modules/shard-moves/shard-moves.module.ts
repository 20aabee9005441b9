import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RuntimeModule } from '../../common/runtime.module';
import { AuditModule } from '../audit/audit.module';
import { ConnectionsModule } from '../connections/connections.module';
import { QueryModule } from '../query/query.module';
import { SettingsModule } from '../settings/settings.module';
import { ShardsModule } from '../shards/shards.module';
import { CutOver } from './cut-over';
import { MoveRunner } from './move-runner';
import { MoveSteps } from './move-steps';
import { MoveStore } from './move-store';
import { ShardMove } from './shard-move.entity';
import { ShardMovesController } from './shard-moves.controller';
import { ShardMovesService } from './shard-moves.service';
import { ShardSides } from './shard-sides';
import { ShardTable } from './shard-table.entity';
import { ShardTablesService } from './shard-tables.service';

@Module({
  imports: [
    TypeOrmModule.forFeature([ShardMove, ShardTable]),
    AuditModule,
    ConnectionsModule,
    QueryModule,
    RuntimeModule,
    SettingsModule,
    ShardsModule,
  ],
  controllers: [ShardMovesController],
  providers: [CutOver, MoveRunner, MoveSteps, MoveStore, ShardMovesService, ShardSides, ShardTablesService],
})
export class ShardMovesModule {}
