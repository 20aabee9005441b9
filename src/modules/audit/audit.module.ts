import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditController } from './audit.controller';
import { AuditLog } from './audit-log.entity';
import { AuditLogReader } from './audit-log.reader';
import { AuditPartitionsJob } from './audit-partitions.job';
import { AuditService } from './audit.service';
import { ChainKeeperJob } from './chain-keeper.job';
import { ChainWriter } from './chain/chain.writer';
import { AuditOutbox } from './outbox';

@Module({
  imports: [TypeOrmModule.forFeature([AuditLog])],
  controllers: [AuditController],
  providers: [AuditOutbox, AuditService, AuditLogReader, AuditPartitionsJob, ChainKeeperJob, ChainWriter],
  exports: [AuditOutbox, AuditPartitionsJob, AuditService, ChainKeeperJob, ChainWriter],
})
export class AuditModule {}
