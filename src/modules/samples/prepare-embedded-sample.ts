import type { Client } from 'pg';
import { SteadyClient } from '../../common/steady-client';
import { revokeWritingBuiltins } from '../../drivers/postgresql/account-rights';
import { writePostgresSample } from './write-postgres-sample';

const DATABASE = 'shop';
const ROLE = 'shop_reader';

export interface SampleTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
}

/**
 * Writes the sample shop into a database of its own on the embedded server, with a role that can read it and nothing
 * else: above all not the system database beside it.
 */
export async function prepareEmbeddedSample(adminUrl: string, password: string): Promise<SampleTarget> {
  const url = new URL(adminUrl);
  await withClient(url.href, async (admin) => {
    const { rows } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rows.length === 0) await admin.query(`CREATE DATABASE ${DATABASE}`);
    const role = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [ROLE]);
    const verb = role.rows.length === 0 ? 'CREATE' : 'ALTER';
    // Identifiers are constants and the password base64url: nothing here can end a literal.
    await admin.query(
      `${verb} ROLE ${ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '${password}'`,
    );
    await admin.query(`ALTER ROLE ${ROLE} SET default_transaction_read_only = on`);
    for (const { datname } of (await admin.query<{ datname: string }>('SELECT datname FROM pg_database'))
      .rows) {
      await admin.query(`REVOKE CONNECT, TEMPORARY ON DATABASE "${datname}" FROM PUBLIC`);
    }
    await admin.query(`GRANT CONNECT ON DATABASE ${DATABASE} TO ${ROLE}`);
  });
  const shop = new URL(url);
  shop.pathname = `/${DATABASE}`;
  await withClient(shop.href, async (admin) => {
    await writePostgresSample(admin, 'shop');
    await admin.query(revokeWritingBuiltins);
    await admin.query(`GRANT USAGE ON SCHEMA shop TO ${ROLE}`);
    await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA shop TO ${ROLE}`);
  });
  return { host: url.hostname, port: Number(url.port), database: DATABASE, username: ROLE };
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new SteadyClient({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
