import 'reflect-metadata';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { driverFor } from '../../src/drivers';
import { collect, connectOptions, never, request } from '../contract/driver-contract';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

/** Type bytes of messages (manual, "Message Formats"). */
const [backendKeyData, readyForQuery] = [0x4b, 0x5a];

function messagesOf(bytes: Buffer): { type: number; body: Buffer }[] {
  const found: { type: number; body: Buffer }[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    found.push({ type: bytes[at]!, body: bytes.subarray(at + 5, at + 1 + bytes.readUInt32BE(at + 1)) });
  }
  return found;
}

describe('a session that the server ends as it begins', () => {
  let database: FreshDatabase;
  let admin: Client;
  let front: Server;
  const sockets = new Set<Socket>();
  /** Sessions that are still to be ended. */
  let ending = 0;

  /** Keeps the end of the log-in back until the server has ended the session, and hands both over at once. */
  const hold = (client: Socket, server: Socket): void => {
    let held: Buffer | null = null;
    server.on('data', (bytes) => {
      const messages = held === null ? messagesOf(bytes) : [];
      const key = messages.find(({ type }) => type === backendKeyData);
      if (held !== null) {
        client.end(Buffer.concat([held, bytes]));
      } else if (ending > 0 && key && messages.at(-1)?.type === readyForQuery) {
        ending -= 1;
        held = bytes;
        void admin.query('SELECT pg_terminate_backend($1)', [key.body.readInt32BE(0)]);
      } else {
        client.write(bytes);
      }
    });
  };

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
    const { hostname, port } = new URL(database.url);
    front = createServer((client) => {
      const server = connect(Number(port), hostname);
      for (const socket of [client, server]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
      }
      client.on('data', (bytes) => server.write(bytes));
      client.on('close', () => server.destroy());
      server.on('close', () => client.end());
      hold(client, server);
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    front.close();
    await admin.end();
    await database.drop();
  });

  const url = (): string => {
    const { port } = front.address() as AddressInfo;
    return Object.assign(new URL(database.url), { hostname: '127.0.0.1', port: String(port) }).href;
  };

  it('is an error of what was asked on the system database, and the next one answers', async () => {
    const source = await new DataSource({
      ...systemDataSourceOptions(url(), 2),
      migrations: [],
    }).initialize();
    try {
      const held = source.createQueryRunner();
      await held.connect();
      ending = 1;
      await expect(source.query('SELECT 1')).rejects.toThrow(/connection error/);
      expect(ending).toBe(0);
      expect(await source.query('SELECT 2 AS n')).toEqual([{ n: 2 }]);
      await held.release();
    } finally {
      await source.destroy();
    }
  });

  it('is an error of what was asked of a connection, or none, and the next one answers', async () => {
    const driver = await driverFor('postgresql');
    const { username, password, database: name } = database;
    const { port } = front.address() as AddressInfo;
    const config = driver.parseConfig({
      ...{ host: '127.0.0.1', port, database: name, username, password, ssl: false },
    });
    const source = await driver.connect(config, connectOptions({ maxSessions: 2 }), never);
    try {
      await collect(source, request({ text: 'select 1' }));
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`,
        [name],
      );
      ending = 1;
      await collect(source, request({ text: 'select 1' })).catch(() => undefined);
      expect(ending).toBe(0);
      expect((await collect(source, request({ text: 'select 2' }))).rows).toEqual([[2]]);
    } finally {
      await source.close();
    }
  });
});
