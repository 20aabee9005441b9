import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { JobsController } from './jobs.controller';
import { Jobs } from './jobs.service';

@Module({ imports: [AuditModule], controllers: [JobsController], providers: [Jobs], exports: [Jobs] })
export class JobsModule {}
