import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { driverFor } from '../../src/drivers';
import type { TlsConfig } from '../../src/drivers/driver';
import { describeEngine, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { collect, connectOptions, failure, never, request } from './driver-contract';
import { strangeCa, testCa, testCertificate, testKey } from './test-certificates';

/**
 * TLS in front of the real server, which has none: answers SSLRequest with `S` (manual, "SSL Session Encryption") and
 * forwards what was encrypted, cancel requests included.
 */
async function startTlsFront(target: { host: string; port: number }) {
  const secureContext = createSecureContext({ cert: testCertificate, key: testKey });
  const seen = { names: [] as (string | false | null | undefined)[], encrypted: 0, plain: 0 };
  const server: Server = createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (first: Buffer) => {
      const upstream = connect(target).on('error', () => socket.destroy());
      if (first.readInt32BE(4) !== 80_877_103) {
        seen.plain += 1;
        upstream.write(first);
        socket.pipe(upstream).pipe(socket);
        return;
      }
      seen.encrypted += 1;
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('secure', () => seen.names.push((secure as TLSSocket & { servername?: string }).servername));
      secure.on('error', () => upstream.destroy());
      secure.pipe(upstream).pipe(secure);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, seen, close: () => server.close() };
}

describeEngine('postgresql', () => {
  let database: FreshDatabase;
  let front: Awaited<ReturnType<typeof startTlsFront>>;

  const open = async (ssl: Partial<TlsConfig> | boolean, host = 'db.test', port = front.port) => {
    const driver = await driverFor('postgresql');
    const { username, password, database: name } = database;
    const config = driver.parseConfig({ host, port, database: name, username, password, ssl });
    const resolveHost = () => Promise.resolve({ address: '127.0.0.1', family: 4 as const });
    return driver.connect(config, connectOptions({ resolveHost, maxSessions: 1 }), never);
  };
  const works = async (ssl: Partial<TlsConfig> | boolean, host?: string, port?: number) => {
    const source = await open(ssl, host, port);
    expect((await collect(source, request({ text: 'select 1' }))).rows).toEqual([[1]]);
    const { warnings } = await source.test(never);
    await source.close();
    return warnings.map((warning) => warning.code).filter((code) => code.startsWith('tls_'));
  };

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    front = await startTlsFront(database);
  });

  afterAll(async () => {
    front?.close();
    await database?.drop();
  });

  it('checks chain and name of the host, though the socket goes to its pinned address', async () => {
    expect(await works({ mode: 'verify-full', ca: testCa })).toEqual([]);
    expect(front.seen.names).toContain('db.test');
    expect((await failure(open({ mode: 'verify-full', ca: testCa }, 'other.test'))).code).toBe(
      'connection.tls_failed',
    );
    expect((await failure(open({ mode: 'verify-full', ca: strangeCa }))).code).toBe('connection.tls_failed');
    expect((await failure(open(true))).code).toBe('connection.tls_failed');
    expect(await works({ mode: 'verify-full', ca: testCa, servername: 'db.test' }, '127.0.0.1')).toEqual([]);
    expect((await failure(open({ mode: 'verify-full', ca: testCa }, '127.0.0.1'))).code).toBe(
      'connection.tls_failed',
    );
  });

  it('checks the chain only, or nothing, where the mode says so', async () => {
    expect(await works({ mode: 'verify-ca', ca: testCa }, 'other.test')).toEqual([]);
    expect((await failure(open({ mode: 'verify-ca', ca: strangeCa }))).code).toBe('connection.tls_failed');
    expect(await works({ mode: 'require' })).toEqual(['tls_unverified']);
  });

  it('prefers TLS, and does without where the server has none', async () => {
    const before = front.seen.plain;
    expect(await works({ mode: 'prefer' })).toEqual(['tls_unverified']);
    expect(front.seen.plain).toBe(before);
    expect(await works({ mode: 'prefer' }, 'db.test', database.port)).toEqual(['tls_off']);
    expect(await works(false)).toEqual(['tls_off']);
    expect(front.seen.plain).toBeGreaterThan(before);
  });

  it('sends cancel requests encrypted', async () => {
    const source = await open({ mode: 'verify-full', ca: testCa });
    const before = { ...front.seen };
    const stop = new AbortController();
    const work = failure(collect(source, request({ text: 'select pg_sleep(30)' }), stop.signal));
    setTimeout(() => stop.abort('cancelled'), 50);
    expect((await work).code).toBe('query.cancelled');
    expect(front.seen.encrypted).toBe(before.encrypted + 1);
    expect(front.seen.plain).toBe(before.plain);
    expect((await collect(source, request({ text: 'select 2' }))).rows).toEqual([[2]]);
    await source.close();
  });
});
