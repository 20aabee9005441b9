import { AppError, type FieldError } from '../common/app-error';
import type { ConnectionInput, OptionDescription, ServerAddress, TlsConfig, TlsMode } from './driver';

/** A server, a database on it and an account: what the SQL engines with a network need to know. */
export interface SqlConfig {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly tls: TlsConfig;
  readonly replicas: readonly ServerAddress[];
  /** The members of `options`, each of the type its description gives. */
  readonly options: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

export interface SqlConfigRules {
  /** Schemes of connection strings, without the colon. */
  readonly schemes: readonly string[];
  readonly defaultPort: number;
  readonly defaultTls: TlsMode;
  readonly options: readonly OptionDescription[];
}

const tlsModes: readonly string[] = [
  'disable',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
] satisfies TlsMode[];
const tlsMembers: ReadonlySet<string> = new Set(['mode', 'ca', 'cert', 'key', 'servername']);

/** Query parameters of connection strings that say what `ssl` says; others are refused. */
const tlsParameters: ReadonlySet<string> = new Set(['sslmode', 'ssl-mode']);

/** @throws AppError `connection.invalid_config` with a `FieldError` for each member that is wrong. */
export function parseSqlConfig(input: ConnectionInput, rules: SqlConfigRules): SqlConfig {
  const errors: FieldError[] = [];
  const fail = (path: string, message: string): void => void errors.push({ path, message });
  const fromUrl = input.connectionString === undefined ? {} : parseUrl(input.connectionString, rules, fail);
  const merged = merge(input, fromUrl, fail);

  const host = checkHost('/host', merged.host, fail);
  const port = checkPort('/port', merged.port ?? rules.defaultPort, fail);
  const config: SqlConfig = {
    host,
    port,
    database: checkText('/database', merged.database, fail),
    username: checkText('/username', merged.username, fail),
    password: checkText('/password', merged.password ?? '', fail, true),
    tls: parseTls(merged.ssl, rules.defaultTls, fail),
    replicas: parseReplicas(input.replicas ?? [], { host, port }, fail),
    options: parseOptions(input.options ?? {}, rules.options, fail),
  };
  if (errors.length > 0) throw new AppError('connection.invalid_config', undefined, { errors });
  return config;
}

type Fail = (path: string, message: string) => void;
type Described = Pick<ConnectionInput, 'host' | 'port' | 'database' | 'username' | 'password' | 'ssl'>;

function parseUrl(text: string, rules: SqlConfigRules, fail: Fail): Described {
  const path = '/connectionString';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // the text itself holds the password and is not repeated
    fail(path, 'is not a URL');
    return {};
  }
  if (!rules.schemes.includes(url.protocol.slice(0, -1))) {
    fail(path, `must begin with ${rules.schemes.map((scheme) => `${scheme}://`).join(' or ')}`);
    return {};
  }
  let ssl: { mode: TlsMode } | undefined;
  for (const [name, value] of url.searchParams) {
    const mode = value.toLowerCase().replace('verify_', 'verify-').replace('required', 'require');
    if (tlsParameters.has(name) && tlsModes.includes(mode)) ssl = { mode: mode as TlsMode };
    else
      fail(
        path,
        tlsParameters.has(name)
          ? `${name} must be one of ${tlsModes.join(', ')}`
          : `has an unknown parameter ${name}`,
      );
  }
  if (url.hash) fail(path, 'has a fragment; # in a password is written %23');
  const part = (value: string): string | undefined => {
    if (value === '') return undefined;
    try {
      return decodeURIComponent(value);
    } catch {
      fail(path, 'is not percent-encoded correctly');
      return undefined;
    }
  };
  return {
    host: part(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? undefined : Number(url.port),
    database: part(url.pathname.slice(1)),
    username: part(url.username),
    password: part(url.password),
    ssl,
  };
}

/** Members beside a connection string may repeat what it says, not contradict it. */
function merge(input: ConnectionInput, fromUrl: Described, fail: Fail): Described {
  const merged: Record<string, unknown> = { ...fromUrl };
  for (const name of ['host', 'port', 'database', 'username', 'password', 'ssl'] as const) {
    const value = input[name];
    if (value === undefined) continue;
    const other = fromUrl[name];
    if (other !== undefined && (name === 'ssl' || other !== value))
      fail(`/${name}`, 'contradicts the connection string');
    merged[name] = value;
  }
  return merged;
}

function checkHost(path: string, host: unknown, fail: Fail): string {
  // a host name or an address; never a path of a socket, a list or a text with a port
  if (
    typeof host === 'string' &&
    /^[a-z0-9_]([a-z0-9_.-]{0,252})$|^[0-9a-f:.]{2,45}(%[a-z0-9]+)?$/i.test(host)
  )
    return host;
  fail(path, host === undefined ? 'is required' : 'must be a host name or an address');
  return '';
}

function checkPort(path: string, port: unknown, fail: Fail): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  fail(path, 'must be a whole number from 1 to 65535');
  return 0;
}

/** More than any group of replicas has; each costs sessions. */
const MAX_REPLICAS = 9;

function parseReplicas(given: unknown, first: ServerAddress, fail: Fail): ServerAddress[] {
  if (!Array.isArray(given) || given.length > MAX_REPLICAS) {
    fail('/replicas', `must be a list of at most ${MAX_REPLICAS} servers`);
    return [];
  }
  const seen = new Set([keyOf(first)]);
  return given.map((item: unknown, index) => {
    const path = `/replicas/${index}`;
    const { host, port, ...others } = (typeof item === 'object' && item !== null ? item : {}) as Record<
      string,
      unknown
    >;
    for (const name of Object.keys(others)) fail(`${path}/${pointer(name)}`, 'is unknown');
    const replica = {
      host: checkHost(`${path}/host`, host, fail),
      port: checkPort(`${path}/port`, port ?? first.port, fail),
    };
    if (seen.has(keyOf(replica))) fail(path, 'is named twice');
    seen.add(keyOf(replica));
    return replica;
  });
}

function keyOf({ host, port }: ServerAddress): string {
  return `${host.toLowerCase()} ${port}`;
}

/** One config for each server, the first one first. */
export function configsOfServers<Config extends SqlConfig>(config: Config): readonly Config[] {
  return [config, ...config.replicas.map((place) => ({ ...config, ...place }))];
}

function checkText(path: string, value: unknown, fail: Fail, mayBeEmpty = false): string {
  if (
    typeof value === 'string' &&
    (mayBeEmpty || value !== '') &&
    !value.includes('\0') &&
    value.length <= 4_096
  )
    return value;
  fail(path, value === undefined || value === '' ? 'is required' : 'must be a text without zero bytes');
  return '';
}

function parseTls(ssl: unknown, defaultMode: TlsMode, fail: Fail): TlsConfig {
  if (ssl === undefined) return { mode: defaultMode };
  if (typeof ssl === 'boolean') return { mode: ssl ? 'verify-full' : 'disable' };
  if (typeof ssl !== 'object' || ssl === null) {
    fail('/ssl', 'must be true, false or an object');
    return { mode: defaultMode };
  }
  const tls: Record<string, string> = {};
  for (const [name, value] of Object.entries(ssl)) {
    if (value === undefined) continue;
    if (!tlsMembers.has(name)) fail(`/ssl/${pointer(name)}`, 'is unknown');
    else if (typeof value !== 'string') fail(`/ssl/${name}`, 'must be a text');
    else tls[name] = value;
  }
  tls['mode'] ??= 'verify-full';
  if (!tlsModes.includes(tls['mode'])) fail('/ssl/mode', `must be one of ${tlsModes.join(', ')}`);
  for (const name of ['ca', 'cert', 'key']) {
    if (tls[name] !== undefined && !tls[name].includes('-----BEGIN '))
      fail(`/ssl/${name}`, 'must be PEM text');
  }
  if ((tls['cert'] === undefined) !== (tls['key'] === undefined)) {
    fail(
      tls['cert'] === undefined ? '/ssl/cert' : '/ssl/key',
      'is required: certificate and key come together',
    );
  }
  return tls as unknown as TlsConfig;
}

function parseOptions(
  given: Readonly<Record<string, unknown>>,
  descriptions: readonly OptionDescription[],
  fail: Fail,
): SqlConfig['options'] {
  const options: Record<string, string | number | boolean | readonly string[]> = {};
  for (const [name, value] of Object.entries(given)) {
    const description = descriptions.find((known) => known.name === name);
    const path = `/options/${pointer(name)}`;
    if (!description) fail(path, 'is unknown');
    else if (!fits(value, description.type)) fail(path, `must be a ${description.type}`);
    else options[name] = value;
  }
  return options;
}

function fits(
  value: unknown,
  type: OptionDescription['type'],
): value is string | number | boolean | string[] {
  if (type === 'string[]') {
    return (
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((item) => typeof item === 'string' && item !== '' && !item.includes('\0'))
    );
  }
  return type === 'number' ? Number.isSafeInteger(value) && Number(value) > 0 : typeof value === type;
}

/** RFC 6901 §3. */
function pointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The parts that may be shown: no password, no key. */
export function publicSqlConfig(config: SqlConfig): ConnectionInput {
  const { key: _key, ...tls } = config.tls;
  return {
    host: config.host,
    port: config.port,
    database: config.database,
    username: config.username,
    ssl: tls,
    ...(config.replicas.length > 0 && { replicas: config.replicas }),
    options: config.options,
  };
}
