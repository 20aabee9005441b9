import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RuntimeModule } from '../../common/runtime.module';
import { AuditModule } from '../audit/audit.module';
import { PermissionsModule } from '../permissions/permissions.module';
import { SealingModule } from '../sealing/sealing.module';
import { SettingsModule } from '../settings/settings.module';
import { ConnectionAccess } from './connection-access';
import { ConnectionDirectory } from './connection-directory';
import { ConnectionEvent } from './connection-event.entity';
import { ConnectionStatus } from './connection-status';
import { ConnectionTester } from './connection-tester';
import { ConnectionVault } from './connection-vault';
import { DatabaseConnection } from './connection.entity';
import { ConnectionsController } from './connections.controller';
import { ConnectionsService } from './connections.service';
import { ReadOnlyAccountScripts } from './read-only-account-scripts';
import { SourceMetrics } from './source.metrics';
import { Sources } from './sources.provider';
import { StatusController } from './status.controller';
import { SupportedController } from './supported.controller';

@Module({
  imports: [
    TypeOrmModule.forFeature([DatabaseConnection, ConnectionEvent]),
    AuditModule,
    PermissionsModule,
    RuntimeModule,
    SealingModule,
    SettingsModule,
  ],
  controllers: [ConnectionsController, SupportedController, StatusController],
  providers: [
    ConnectionAccess,
    ConnectionDirectory,
    ConnectionsService,
    ConnectionStatus,
    ConnectionTester,
    ConnectionVault,
    ReadOnlyAccountScripts,
    SourceMetrics,
    Sources,
  ],
  exports: [ConnectionAccess, ConnectionDirectory, ConnectionsService, Sources],
})
export class ConnectionsModule {}
