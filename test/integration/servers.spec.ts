import { createConnection, type RowDataPacket } from 'mysql2/promise';
import Redis from 'ioredis';
import mongoose from 'mongoose';
import { Client } from 'pg';
import {
  describeEngine,
  freshMariadbDatabase,
  freshMongoDatabase,
  freshPostgresDatabase,
  testServer,
} from '../servers/servers';

describeEngine('postgresql', () => {
  it('answers in a fresh database and says its version', async () => {
    const fresh = await freshPostgresDatabase();
    const client = new Client({ connectionString: fresh.url });
    await client.connect();
    const { rows } = await client.query('select current_database() as database, version()');
    await client.end();
    await fresh.drop();
    expect(rows).toEqual([
      { database: fresh.database, version: expect.stringContaining(testServer('postgresql').version) },
    ]);
    await expect(new Client({ connectionString: fresh.url }).connect()).rejects.toMatchObject({
      code: '3D000',
    });
  });
});

describeEngine('mariadb', () => {
  it('answers in a fresh database and says its version', async () => {
    const fresh = await freshMariadbDatabase();
    const connection = await createConnection(fresh.url);
    const [rows] = await connection.query<RowDataPacket[]>('select database() as name, version() as version');
    await connection.end();
    await fresh.drop();
    expect(rows).toEqual([{ name: fresh.database, version: testServer('mariadb').version }]);
    await expect(createConnection(fresh.url)).rejects.toMatchObject({ code: 'ER_BAD_DB_ERROR' });
  });

  it('has no account without a password', async () => {
    const { hostname, port } = new URL(testServer('mariadb').url);
    const attempts = ['root', 'mysql', ''].map((user) =>
      createConnection({ host: hostname, port: Number(port), user }),
    );
    for (const result of await Promise.allSettled(attempts)) expect(result.status).toBe('rejected');
  });
});

describeEngine('redis', () => {
  it('answers and says its version', async () => {
    const client = new Redis(testServer('redis').url);
    const info = await client.info('server');
    client.disconnect();
    expect(info).toContain(`redis_version:${testServer('redis').version}`);
  });
});

describeEngine('mongodb', () => {
  it('answers in a fresh database and says its version', async () => {
    const fresh = await freshMongoDatabase();
    const connection = await mongoose.createConnection(fresh.url).asPromise();
    await connection.collection('things').insertOne({ one: 1 });
    const things = await connection
      .collection('things')
      .find({}, { projection: { _id: 0 } })
      .toArray();
    const info = await connection.db?.admin().buildInfo();
    await connection.close();
    await fresh.drop();
    expect(things).toEqual([{ one: 1 }]);
    expect(info?.['version']).toBe(testServer('mongodb').version);
  });
});
