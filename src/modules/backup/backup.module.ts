import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module';
import { SettingsModule } from '../settings/settings.module';
import { BackupJob } from './backup.job';

@Module({ imports: [JobsModule, SettingsModule], providers: [BackupJob] })
export class BackupModule {}
