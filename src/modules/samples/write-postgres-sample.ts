import type { ClientBase } from 'pg';
import type { Shop } from './shop';
import { postgresSampleSql } from './postgres-sample-sql';

/**
 * Writes the sample shop into a schema, in one transaction, unless the shop is there already. The client must not be
 * in a transaction.
 *
 * @returns whether it was written now
 */
export async function writePostgresSample(
  client: ClientBase,
  schema = 'shop',
  shop?: Shop,
): Promise<boolean> {
  const statements = postgresSampleSql(schema, shop);
  await client.query('begin');
  try {
    // two services may start on one database at the same time
    await client.query('select pg_advisory_xact_lock(hashtext($1))', [`sample ${schema}`]);
    const { rows } = await client.query<{ found: boolean }>(
      `select to_regclass(format('%I.customers', $1::text)) is not null as found`,
      [schema],
    );
    const missing = rows[0]?.found === false;
    if (missing) {
      for (const { text, values } of statements) await client.query(text, values ? [...values] : undefined);
    }
    await client.query('commit');
    return missing;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
