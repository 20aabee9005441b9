import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config';
import { SYSTEM_DATABASE, type SystemDatabase } from '../../database/system-database';
import type { JobReport } from '../jobs/job';
import { Jobs } from '../jobs/jobs.service';
import { SettingsService } from '../settings/settings.service';
import { removeOldBackups, writeBackup } from './write-backup';

const HOUR = 3600;

/** Backs up the system database every `backup_every_hours`, and removes backups past `backup_keep_days`. */
@Injectable()
export class BackupJob {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'backupDir'>,
    @Inject(SYSTEM_DATABASE) private readonly database: SystemDatabase,
    private readonly settings: SettingsService,
    jobs: Jobs,
  ) {
    jobs.register({
      name: 'backup',
      description: 'Backs up the system database, removes backups past backup_keep_days',
      everySeconds: async () => (await settings.get('backup_every_hours')) * HOUR,
      run: () => this.run(),
    });
  }

  async run(): Promise<JobReport> {
    const { url } = this.database;
    const { bytes, rows } = await writeBackup({ url, dir: this.config.backupDir });
    const removed = await removeOldBackups(
      this.config.backupDir,
      await this.settings.get('backup_keep_days'),
    );
    return { bytes, rows: Object.values(rows).reduce((sum, count) => sum + count, 0), removed };
  }
}
