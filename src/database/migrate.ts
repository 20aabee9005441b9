import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { loadConfig } from '../config/config';
import { systemDataSourceOptions } from './data-source-options';
import { revertMigration, runMigrations } from './run-migrations';
import { startSystemDatabase } from './system-database';

/** `node dist/database/migrate.js up|down`: what the service does at its start, by hand. */
async function main(direction: string | undefined): Promise<void> {
  if (direction !== 'up' && direction !== 'down') throw new Error('usage: migrate up|down');
  const config = loadConfig();
  const database = await startSystemDatabase(config);
  const dataSource = new DataSource(systemDataSourceOptions(database.url, 2));
  try {
    await dataSource.initialize();
    if (direction === 'down') await revertMigration(dataSource);
    else process.stdout.write(`applied: ${(await runMigrations(dataSource)).join(', ') || 'nothing'}\n`);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.stop();
  }
}

main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
