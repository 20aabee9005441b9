import type { ClientConfig } from 'pg';
import { SteadyClient } from '../../common/steady-client';

/**
 * Ends a session from outside: a procedure can catch its cancellation, but not this (manual, "Server Signaling Functions";
 * every role may end its own). Resolves also when it could not be asked.
 */
export async function terminateBackend(config: ClientConfig, processId: number): Promise<void> {
  const client = new SteadyClient(config);
  try {
    await client.connect();
    await client.query('select pg_catalog.pg_terminate_backend($1::int)', [processId]);
  } catch {
    // its socket is closed in any case
  } finally {
    await client.end().catch(() => undefined);
  }
}
