import { abortError } from '../abort';
import type { Driver } from '../driver';
import { checkFile } from './check-file';
import { sqliteDescription } from './description';
import { parseConfig, type SqliteConfig } from './parse-config';
import { SqliteSource } from './sqlite-source';

/** SQLite files, each in child processes of its own: nothing else stops a running statement. */
export const sqliteDriver: Driver<SqliteConfig> = {
  description: sqliteDescription,
  parseConfig,
  publicConfig: ({ database, busyTimeoutMs }) => ({ database, options: { busyTimeoutMs } }),
  async connect(config, options, signal) {
    if (signal.aborted) throw abortError(signal);
    const file = await options.resolveFile(config.database);
    await checkFile(file);
    const source = new SqliteSource(file, config.busyTimeoutMs, options);
    try {
      await source.test(signal);
    } catch (error) {
      await source.close();
      throw error;
    }
    return source;
  },
  readOnlyAccountScript: () => null,
};
