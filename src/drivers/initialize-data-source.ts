import type { DataSource } from 'typeorm';
import { unlessAborted } from './unless-aborted';

/** Opens the first session. TypeORM cannot be told to give up connecting; what comes of it after that is closed. */
export async function initialize(dataSource: DataSource, signal: AbortSignal): Promise<void> {
  const opening = dataSource.initialize();
  try {
    await unlessAborted(opening, signal);
  } catch (error) {
    opening.then((opened) => opened.destroy()).catch(() => undefined);
    throw error;
  }
}
