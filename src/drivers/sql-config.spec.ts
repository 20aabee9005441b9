import type { AppError } from '../common/app-error';
import type { ConnectionInput } from './driver';
import { configsOfServers, parseSqlConfig, publicSqlConfig, type SqlConfigRules } from './sql-config';

const rules: SqlConfigRules = {
  schemes: ['postgres', 'postgresql'],
  defaultPort: 5432,
  defaultTls: 'prefer',
  options: [
    { name: 'searchPath', type: 'string[]', description: '' },
    { name: 'connectTimeoutMs', type: 'number', description: '' },
  ],
};

const parse = (input: ConnectionInput) => parseSqlConfig(input, rules);

function errorsOf(input: ConnectionInput): AppError {
  try {
    parse(input);
  } catch (error) {
    return error as AppError;
  }
  throw new Error('expected a refusal');
}

const plain: ConnectionInput = { host: 'db.example', database: 'shop', username: 'app', password: 'canary' };

describe('the configuration of an SQL connection', () => {
  it('has a port and a TLS mode of its own when none is given', () => {
    expect(parse(plain)).toMatchObject({ port: 5432, tls: { mode: 'prefer' } });
    expect(parse({ ...plain, ssl: true }).tls).toEqual({ mode: 'verify-full' });
    expect(parse({ ...plain, ssl: false }).tls).toEqual({ mode: 'disable' });
    expect(parse({ ...plain, ssl: { servername: 'x' } }).tls).toEqual({
      mode: 'verify-full',
      servername: 'x',
    });
  });

  it.each([
    ['postgres://app:can%40ry@db.example:6000/my%20shop?sslmode=require', { host: 'db.example', port: 6000, database: 'my shop', username: 'app', password: 'can@ry', tls: { mode: 'require' } }],
    ['postgresql://app@[::1]/shop', { host: '::1', port: 5432, password: '', tls: { mode: 'prefer' } }],
    ['postgres://app@db/shop?sslmode=verify-full', { tls: { mode: 'verify-full' } }],
  ])('is read from %s', (connectionString, expected) => {
    expect(parse({ connectionString })).toMatchObject(expected);
  }); // prettier-ignore

  it('has one config for each server, alike in everything else', () => {
    const config = parse({
      ...plain,
      port: 5433,
      replicas: [{ host: 'db-2' }, { host: 'db-3', port: 6000 }],
    });
    expect(config.replicas).toEqual([
      { host: 'db-2', port: 5433 },
      { host: 'db-3', port: 6000 },
    ]);
    const servers = configsOfServers(config);
    expect(servers.map(({ host, port }) => `${host}:${port}`)).toEqual([
      'db.example:5433',
      'db-2:5433',
      'db-3:6000',
    ]);
    expect(new Set(servers.map(({ password, database }) => `${password} ${database}`))).toEqual(
      new Set(['canary shop']),
    );
    expect(publicSqlConfig(config).replicas).toEqual(config.replicas);
    expect(publicSqlConfig(parse(plain))).not.toHaveProperty('replicas');
  });

  it.each<[string, unknown, string]>([
    ['no list', 'db-2', '/replicas'],
    ['too many', Array.from({ length: 10 }, (_, at) => ({ host: `db-${at}` })), '/replicas'],
    ['no server', [null], '/replicas/0/host'],
    ['a path for a host', [{ host: '/var/run' }], '/replicas/0/host'],
    ['a port that is none', [{ host: 'db-2', port: 0 }], '/replicas/0/port'],
    ['an account of its own', [{ host: 'db-2', password: 'canary' }], '/replicas/0/password'],
    ['the first server again', [{ host: 'DB.example', port: 5432 }], '/replicas/0'],
    ['a server twice', [{ host: 'db-2' }, { host: 'db-2' }], '/replicas/1'],
  ])('refuses replicas that are %s', (_, replicas, path) => {
    const { errors } = errorsOf({ ...plain, replicas } as ConnectionInput);
    expect(errors?.map((error) => error.path)).toEqual([path]);
    expect(JSON.stringify(errors)).not.toContain('canary');
  });

  it('takes a password beside a connection string that has none, and a repetition', () => {
    const connectionString = 'postgres://app@db.example/shop';
    expect(parse({ connectionString, password: 'canary', host: 'db.example' }).password).toBe('canary');
  });

  it.each<[string, ConnectionInput, string[]]>([
    ['a contradiction', { connectionString: 'postgres://app:a@db/shop', password: 'b' }, ['/password']],
    ['TLS said twice', { connectionString: 'postgres://app@db/shop?sslmode=disable', ssl: true }, ['/ssl']],
    [
      'an unknown parameter',
      { connectionString: 'postgres://app@db/shop?options=-c%20x' },
      ['/connectionString'],
    ],
    [
      'a host in the parameters',
      { connectionString: 'postgres://app@db/shop?host=/tmp' },
      ['/connectionString'],
    ],
    ['an unknown TLS mode', { connectionString: 'postgres://app@db/shop?sslmode=no' }, ['/connectionString']],
    ['a fragment', { connectionString: 'postgres://app@db/shop#x' }, ['/connectionString']],
    ['bad percent signs', { connectionString: 'postgres://app:%zz@db/shop' }, ['/connectionString']],
    ['a socket', { ...plain, host: '/var/run/postgresql' }, ['/host']],
    ['a list of hosts', { ...plain, host: 'a,b' }, ['/host']],
    ['a host with a port', { ...plain, host: 'a:5432@b' }, ['/host']],
    ['a port of zero', { ...plain, port: 0 }, ['/port']],
    ['a zero byte', { ...plain, database: 'a\0b' }, ['/database']],
    ['an unknown option', { ...plain, options: { 'a/b~': 1 } }, ['/options/a~1b~0']],
    ['a list that is none', { ...plain, options: { searchPath: [] } }, ['/options/searchPath']],
    ['an unknown member of ssl', { ...plain, ssl: { passphrase: 'x' } as never }, ['/ssl/passphrase']],
    ['a certificate without its key', { ...plain, ssl: { cert: '-----BEGIN CERTIFICATE' } }, ['/ssl/key']],
  ])('refuses %s', (_name, input, paths) => {
    const error = errorsOf(input);
    expect(error.code).toBe('connection.invalid_config');
    expect(error.errors?.map(({ path }) => path)).toEqual(paths);
  });

  it('repeats no secret in an error, whatever is wrong', () => {
    for (const connectionString of ['postgres://app:canary@:bad/', 'canary', 'http://app:canary@db/shop']) {
      expect(JSON.stringify(errorsOf({ connectionString }))).not.toContain('canary');
    }
  });

  it('is shown without password and private key', () => {
    const ssl = { mode: 'require', cert: '-----BEGIN CERTIFICATE', key: '-----BEGIN KEY canary' } as const;
    const shown = publicSqlConfig(parse({ ...plain, ssl, options: { searchPath: ['a'] } }));
    expect(JSON.stringify(shown)).not.toContain('canary');
    expect(shown).toMatchObject({ ssl: { mode: 'require', cert: ssl.cert }, options: { searchPath: ['a'] } });
  });
});
