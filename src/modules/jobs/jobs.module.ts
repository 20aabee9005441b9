import { Module } from '@nestjs/common';
import { RuntimeModule } from '../../common/runtime.module';
import { AuditModule } from '../audit/audit.module';
import { JobsController } from './jobs.controller';
import { Jobs } from './jobs.service';

@Module({
  imports: [AuditModule, RuntimeModule],
  controllers: [JobsController],
  providers: [Jobs],
  exports: [Jobs],
})
export class JobsModule {}
