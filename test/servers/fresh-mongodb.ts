import mongoose from 'mongoose';
import { describeDatabase, randomDatabaseName, type FreshDatabase } from './fresh-database';
import { testServer } from './test-server';

/** MongoDB makes a database with its first document; the account lives in `admin`. */
export async function freshMongoDatabase(): Promise<FreshDatabase> {
  const server = new URL(testServer('mongodb').url);
  if (server.username && !server.searchParams.has('authSource'))
    server.searchParams.set('authSource', 'admin');
  const database = describeDatabase(server.href, randomDatabaseName(), 27017, async () => {
    const connection = await mongoose.createConnection(database.url).asPromise();
    try {
      await connection.dropDatabase();
    } finally {
      await connection.close();
    }
  });
  return database;
}
