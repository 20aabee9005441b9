import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import type { Answer, TestService } from './service';

/** A database beside the service, and a session that goes past it. */
export interface WatchedDatabase {
  readonly database: FreshDatabase;
  /** Past the gate. */
  readonly client: Client;
  /** Body of a connection, without its name. */
  readonly target: Record<string, unknown>;
  drop(): Promise<void>;
}

export async function watchedDatabase(statements: readonly string[]): Promise<WatchedDatabase> {
  const database = await freshPostgresDatabase();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  const { host, port, database: name, username, password } = database;
  return {
    database,
    client,
    target: { type: 'postgresql', host, port, database: name, username, password },
    drop: async () => {
      await client.end();
      await database.drop();
    },
  };
}

/** @returns the id of a new connection that may be written */
export async function connect(
  service: TestService,
  { target }: Pick<WatchedDatabase, 'target'>,
  more: object = {},
): Promise<string> {
  const body = { name: randomUUID(), ...target, readOnly: false, ...more };
  const created = await service.api('POST', '/api/database/connections', body);
  if (created.status !== 201) throw new Error(created.text);
  return created.body.id;
}

/** One statement over HTTP, with headers of the request. */
export async function askWith(
  service: TestService,
  body: object,
  headers: Record<string, string> = {},
  token = service.admin,
): Promise<Answer> {
  const response = await fetch(`${service.url}/api/database/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text ? JSON.parse(text) : null,
  };
}
