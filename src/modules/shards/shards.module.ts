import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RuntimeModule } from '../../common/runtime.module';
import { AuditModule } from '../audit/audit.module';
import { ConnectionsModule } from '../connections/connections.module';
import { PermissionsModule } from '../permissions/permissions.module';
import { SessionShard } from './session-shard.entity';
import { ShardAssignment } from './shard-assignment.entity';
import { ShardBalanceService } from './shard-balance.service';
import { ShardGroup } from './shard-group.entity';
import { ShardGroupsService } from './shard-groups.service';
import { ShardHomes } from './shard-homes';
import { ShardKeysService } from './shard-keys.service';
import { ShardMaps } from './shard-maps';
import { ShardOwnership } from './shard-ownership';
import { ShardReader } from './shard-reader';
import { ShardRouter } from './shard-router';
import { ShardRow } from './shard.entity';
import { ShardsController } from './shards.controller';
import { ShardsService } from './shards.service';

@Module({
  imports: [
    TypeOrmModule.forFeature([ShardGroup, ShardRow, ShardAssignment, SessionShard]),
    AuditModule,
    ConnectionsModule,
    PermissionsModule,
    RuntimeModule,
  ],
  controllers: [ShardsController],
  providers: [
    ShardBalanceService,
    ShardGroupsService,
    ShardHomes,
    ShardKeysService,
    ShardMaps,
    ShardOwnership,
    ShardReader,
    ShardRouter,
    ShardsService,
  ],
  exports: [ShardMaps, ShardOwnership, ShardRouter],
})
export class ShardsModule {}
