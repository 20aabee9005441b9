import { driverFor } from '../../src/drivers';
import type { TlsConfig } from '../../src/drivers/driver';
import { describeEngine, freshMariadbDatabase, type FreshDatabase } from '../servers/servers';
import { collect, connectOptions, failure, never, request } from './driver-contract';
import { startMysqlTlsFront } from './mysql-tls-front';
import { strangeCa, testCa } from './test-certificates';

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let front: Awaited<ReturnType<typeof startMysqlTlsFront>>;

  const open = async (ssl: Partial<TlsConfig> | boolean, host = 'db.test', port = front.port) => {
    const driver = await driverFor('mariadb');
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
    database = await freshMariadbDatabase();
    front = await startMysqlTlsFront(database);
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
    const before = front.seen.encrypted;
    expect(await works({ mode: 'prefer' })).toEqual(['tls_unverified']);
    expect(front.seen.encrypted).toBeGreaterThan(before);
    expect(await works({ mode: 'prefer' }, 'db.test', database.port)).toEqual(['tls_off']);
  });

  it('sends the order to kill encrypted', async () => {
    const source = await open({ mode: 'verify-full', ca: testCa });
    const before = front.seen.encrypted;
    const stop = new AbortController();
    const work = failure(collect(source, request({ text: 'select sleep(30)' }), stop.signal));
    setTimeout(() => stop.abort('cancelled'), 50);
    expect((await work).code).toBe('query.cancelled');
    // An order that takes its time is given again.
    expect(front.seen.encrypted).toBeGreaterThan(before);
    expect((await collect(source, request({ text: 'select 2' }))).rows).toEqual([[2]]);
    await source.close();
  });
});
