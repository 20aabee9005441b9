import { Client, types } from 'pg';

/**
 * A session of its own for reading the record: exports are long, and must not take sessions from requests. One
 * snapshot for all that is read.
 */
export async function openLedgerSession(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: 'sluice ledger',
    connectionTimeoutMillis: 10_000,
    options: '-c timezone=UTC -c datestyle=ISO -c default_transaction_read_only=on',
    types,
  });
  // Whoever reads hears of it from the query.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  return client;
}
