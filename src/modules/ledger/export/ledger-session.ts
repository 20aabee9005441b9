import { types, type Client } from 'pg';
import { SteadyClient } from '../../../common/steady-client';

/**
 * A session of its own for reading the record: exports are long, and must not take sessions from requests. One
 * snapshot for all that is read.
 */
export async function openLedgerSession(url: string): Promise<Client> {
  const client = new SteadyClient({
    connectionString: url,
    application_name: 'sluice ledger',
    connectionTimeoutMillis: 10_000,
    options: '-c timezone=UTC -c datestyle=ISO -c default_transaction_read_only=on',
    types,
  });
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  return client;
}
