import { Client } from 'pg';
import { describeDatabase, randomDatabaseName, type FreshDatabase } from './fresh-database';
import { testServer } from './test-server';

export async function freshPostgresDatabase(): Promise<FreshDatabase> {
  const { url } = testServer('postgresql');
  const name = randomDatabaseName();
  await execute(url, `create database ${name}`);
  return describeDatabase(url, name, 5432, () =>
    execute(url, `drop database if exists ${name} with (force)`),
  );
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
