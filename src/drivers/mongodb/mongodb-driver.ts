import { abortError } from '../abort';
import type { Driver } from '../driver';
import { mongodbDescription } from './description';
import { MongoSource } from './mongo-source';
import { parseConfig, publicConfig, type MongoConfig } from './parse-config';
import { readOnlyAccountScript } from './read-only-account';

/** MongoDB through a mongoose connection, which holds the sockets; operations go through the raw client. */
export const mongodbDriver: Driver<MongoConfig> = {
  description: mongodbDescription,
  parseConfig,
  publicConfig,
  async connect(config, options, signal) {
    if (signal.aborted) throw abortError(signal);
    const opening = MongoSource.open(config, options);
    let onAbort = (): void => undefined;
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(abortError(signal));
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([opening, aborted]);
    } catch (error) {
      const late = async (): Promise<void> => (await opening.catch(() => null))?.close();
      void late();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  },
  readOnlyAccountScript,
};
