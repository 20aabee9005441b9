import { createConnection } from 'mysql2/promise';
import { describeDatabase, randomDatabaseName, type FreshDatabase } from './fresh-database';
import { testServer } from './test-server';

export async function freshMariadbDatabase(): Promise<FreshDatabase> {
  const { url } = testServer('mariadb');
  const name = randomDatabaseName();
  await execute(url, `create database ${name}`);
  return describeDatabase(url, name, 3306, () => execute(url, `drop database if exists ${name}`));
}

async function execute(url: string, sql: string): Promise<void> {
  const connection = await createConnection(url);
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}
