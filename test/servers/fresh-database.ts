import { randomBytes } from 'node:crypto';

/** An empty database of its own for one suite, with the credentials of the administrator. */
export interface FreshDatabase {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  drop(): Promise<void>;
}

export function randomDatabaseName(): string {
  return `test_${randomBytes(6).toString('hex')}`;
}

export function describeDatabase(
  serverUrl: string,
  database: string,
  defaultPort: number,
  drop: () => Promise<void>,
): FreshDatabase {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return {
    url: url.href,
    host: url.hostname,
    port: Number(url.port || defaultPort),
    database,
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    drop,
  };
}
