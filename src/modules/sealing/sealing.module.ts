import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { KeyRotationJob } from './key-rotation.job';
import { Vault } from './vault';

@Module({ imports: [AuditModule], providers: [KeyRotationJob, Vault], exports: [Vault] })
export class SealingModule {}
