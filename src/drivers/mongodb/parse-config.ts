import { AppError, type FieldError } from '../../common/app-error';
import type { ConnectionInput, TlsConfig } from '../driver';
import { parseTls } from './parse-tls';

export interface MongoConfig {
  /** Hosts come from the SRV record of the one name in `hosts`. */
  readonly srv: boolean;
  /** `host:port`, or the bare name of the SRV record. */
  readonly hosts: readonly string[];
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls: TlsConfig;
  readonly options: MongoOptions;
}

export interface MongoOptions {
  readonly authSource?: string;
  readonly authMechanism?: 'SCRAM-SHA-1' | 'SCRAM-SHA-256';
  readonly replicaSet?: string;
  readonly directConnection?: boolean;
  readonly readPreference?: 'primary' | 'primaryPreferred' | 'secondary' | 'secondaryPreferred' | 'nearest';
}

type Check = (value: unknown) => boolean;
const isName: Check = (value) => typeof value === 'string' && /^[^\0$/\\. "]{1,63}$/.test(value);
const oneOf =
  (...allowed: string[]): Check =>
  (value) =>
    typeof value === 'string' && allowed.includes(value);

/** Everything else a connection string may say is refused: some of it reads files, some goes through a proxy. */
const checks: Readonly<Record<keyof MongoOptions, Check>> = {
  authSource: (value) => value === '$external' || isName(value),
  authMechanism: oneOf('SCRAM-SHA-1', 'SCRAM-SHA-256'),
  replicaSet: (value) => typeof value === 'string' && /^[\w.-]{1,128}$/.test(value),
  directConnection: (value) => typeof value === 'boolean',
  readPreference: oneOf('primary', 'primaryPreferred', 'secondary', 'secondaryPreferred', 'nearest'),
};

const shape = /^mongodb(\+srv)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?([^/?@]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const DEFAULT_PORT = 27_017;

/** @throws AppError `connection.invalid_config` */
export function parseConfig(input: ConnectionInput): MongoConfig {
  const errors: FieldError[] = [];
  const wrong = (path: string, message: string): void => void errors.push({ path, message });
  const parts = input.connectionString === undefined ? fromMembers(input, wrong) : fromString(input, wrong);
  const options: Record<string, unknown> = { ...parts.options, ...input.options };
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name as keyof MongoOptions] : undefined;
    if (!check) wrong(`/options/${name}`, 'is not an option of MongoDB here');
    else if (!check(value)) wrong(`/options/${name}`, 'is not a value of this option');
  }
  if (input.replicas !== undefined)
    wrong('/replicas', 'does not apply to MongoDB: name the members of a replica set in a connection string');
  if (!isName(parts.database)) wrong('/database', 'is required: the name of a database');
  if ((parts.username === undefined) !== (parts.password === undefined)) {
    wrong(parts.username === undefined ? '/username' : '/password', 'is required with the other one');
  }
  const tls = parseTls(input.ssl ?? parts.tls, wrong);
  if (errors.length > 0) throw new AppError('connection.invalid_config', undefined, { errors });
  return {
    srv: parts.srv,
    hosts: parts.hosts,
    database: parts.database,
    ...(parts.username === undefined ? {} : { username: parts.username, password: parts.password }),
    tls,
    options,
  };
}

interface Parts {
  readonly srv: boolean;
  readonly hosts: readonly string[];
  readonly database: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean | undefined;
  readonly options: Readonly<Record<string, unknown>>;
}
type Wrong = (path: string, message: string) => void;

function fromMembers(input: ConnectionInput, wrong: Wrong): Parts {
  const { host = '', port = DEFAULT_PORT, database = '', username, password } = input;
  if (!isHost(host)) wrong('/host', 'is required: a name or an address without a port');
  if (!isPort(port)) wrong('/port', 'must be a whole number from 1 to 65535');
  const hosts = [`${host.includes(':') ? `[${host}]` : host}:${port}`];
  return { srv: false, hosts, database, username, password, tls: undefined, options: {} };
}

function fromString(input: ConnectionInput, wrong: Wrong): Parts {
  for (const name of ['host', 'port', 'username', 'password'] as const) {
    if (input[name] !== undefined) wrong(`/${name}`, 'is part of the connection string');
  }
  const none: Parts = {
    srv: false,
    hosts: [],
    database: 'none',
    username: undefined,
    password: undefined,
    tls: undefined,
    options: {},
  };
  const [, srv, user, secret, places = '', path = '', query = ''] =
    shape.exec(input.connectionString ?? '') ?? [];
  const hosts = places.split(',').filter((place) => place !== '');
  if (hosts.length === 0 || !hosts.every((place) => isPlace(place, srv !== undefined))) {
    wrong('/connectionString', 'must be mongodb://[user:password@]host[:port][,…]/database[?option=value]');
    return none;
  }
  try {
    const parameters = new URLSearchParams(query);
    const tls = parameters.get('tls') ?? parameters.get('ssl');
    parameters.delete('tls');
    parameters.delete('ssl');
    return {
      srv: srv !== undefined,
      hosts: srv === undefined ? hosts.map(withPort) : hosts,
      database: input.database ?? decodeURIComponent(path),
      username: user === undefined || user === '' ? undefined : decodeURIComponent(user),
      password: secret === undefined ? undefined : decodeURIComponent(secret),
      // the SRV form means TLS unless it says otherwise (DNS seed list specification)
      tls: tls === null ? srv !== undefined || undefined : tls === 'true',
      options: Object.fromEntries([...parameters].map(([name, value]) => [name, typed(value)])),
    };
  } catch {
    wrong('/connectionString', 'holds a % that encodes nothing');
    return none;
  }
}

const typed = (value: string): unknown => (value === 'true' ? true : value === 'false' ? false : value);
const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;
// a name that ends in .sock would be taken for a path of this machine
const isHost = (host: string): boolean =>
  !host.endsWith('.sock') && (/^[\w.-]{1,253}$/.test(host) || /^[\da-f:.]{2,45}$/i.test(host));
const withPort = (place: string): string => (/:\d+$/.test(place) ? place : `${place}:${DEFAULT_PORT}`);

function isPlace(place: string, srv: boolean): boolean {
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(place) ?? [];
  return isHost(host.replace(/^\[|\]$/g, '')) && (port === undefined ? true : !srv && isPort(Number(port)));
}

/** The config without its password and certificates' key. */
export function publicConfig(config: MongoConfig): ConnectionInput {
  const { srv, hosts, database, username, tls, options } = config;
  const { key: _key, ...ssl } = tls;
  const [only = ''] = hosts;
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(only) ?? [];
  const single = !srv && hosts.length === 1;
  return {
    ...(single
      ? { host, port: Number(port) }
      : { connectionString: `mongodb${srv ? '+srv' : ''}://${hosts.join(',')}/${database}` }),
    database,
    ...(username === undefined ? {} : { username }),
    ssl,
    options: { ...options },
  };
}
