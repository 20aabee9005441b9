import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditController } from './audit.controller';
import { AuditLog } from './audit-log.entity';
import { AuditLogReader } from './audit-log.reader';
import { AuditPartitionsJob } from './audit-partitions.job';
import { AuditService } from './audit.service';

@Module({
  imports: [TypeOrmModule.forFeature([AuditLog])],
  controllers: [AuditController],
  providers: [AuditService, AuditLogReader, AuditPartitionsJob],
  exports: [AuditService],
})
export class AuditModule {}
