import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../config/config';
import { reachSystemDatabase } from '../../database/reach-system-database';
import { writeBackup } from './write-backup';

/** `npm run backup [-- --schema-only] [--dir DIR]`; the service may run meanwhile. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'schema-only': { type: 'boolean' }, dir: { type: 'string' } } });
  const config = loadConfig();
  const database = await reachSystemDatabase(config);
  try {
    const schemaOnly = values['schema-only'] ?? false;
    const { file, bytes, rows } = await writeBackup({
      url: database.url,
      dir: values.dir ?? config.backupDir,
      schemaOnly,
    });
    const count = Object.values(rows).reduce((sum, one) => sum + one, 0);
    process.stdout.write(`${file}: ${count} rows, ${bytes} bytes\n`);
  } finally {
    await database.stop();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
