import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { startTestService, type Answer, type TestService, type TestUser } from '../e2e/service';
import type { Bench } from './bench';
import { withoutNoise } from './encodings';
import type { Asked } from './suite-entry';
import { worlds, type World } from './worlds';

interface Profile {
  readonly permission: Readonly<Record<string, unknown>>;
  readonly policies?: readonly Readonly<Record<string, unknown>>[];
  /** Policies of another profile hold for this one too, and its permission is what this one's is added to. */
  readonly like?: string;
}
type Profiles = Readonly<Record<string, Profile>>;

/** What the caller sees of an answer, without what differs from one request to the next. */
export interface Seen {
  readonly ok: boolean;
  readonly status: number;
  readonly code: string | null;
  readonly rows: readonly (readonly unknown[])[];
  readonly columns: readonly string[];
  readonly affected: number | null;
  /** All of it as text: body and headers that could carry something. */
  readonly text: string;
}

/** The service with both worlds of a bench as connections, and a user for each profile. */
export interface Subject {
  readonly service: TestService;
  ask(world: World, asked: Asked): Promise<Seen>;
  /** What the other doors say to the same statement: streaming in two formats, and checking without running. */
  otherDoors(world: World, asked: Asked): Promise<string>;
  /** Whatever the service keeps or tells besides answers: its log, its own database, metrics, history and audit. */
  traces(): Promise<string>;
  close(): Promise<void>;
}

export async function startSubject(bench: Bench): Promise<Subject> {
  const service = await startTestService();
  const folder = join(__dirname, bench.engine);
  const profiles = JSON.parse(readFileSync(join(folder, 'profiles.json'), 'utf8')) as Profiles;
  const users: Record<string, TestUser> = {};
  for (const name of Object.keys(profiles)) users[name] = await service.user('user');
  const connections = {} as Record<World, string>;
  for (const world of worlds) {
    const id = await connect(service, bench, world);
    connections[world] = id;
    for (const [name, profile] of Object.entries(profiles))
      await put(
        service,
        `/api/database/connections/${id}/permissions/${users[name]?.id}`,
        placed(bench, world, permissionOf(profiles, profile)),
      );
    await put(service, `/api/database/connections/${id}/policies`, {
      items: placed(bench, world, policiesOf(profiles, users)),
    });
  }

  return {
    service,
    async ask(world, { profile, statement, params, cache = 'bypass', timeoutMs }) {
      const query = placed(bench, world, statement);
      const answer = await service.api(
        'POST',
        '/api/database/query',
        {
          connectionId: connections[world],
          query,
          ...(params && { params }),
          ...(timeoutMs && { timeoutMs }),
          cache,
          rowMode: 'array',
        },
        users[profile]?.token ?? null,
      );
      return seen(answer, bench.aliases[world]);
    },
    async otherDoors(world, { profile, statement, params }) {
      const query = placed(bench, world, statement);
      const body = { connectionId: connections[world], query, ...(params && { params }) };
      const doors = ['stream?format=ndjson', 'stream?format=csv', 'check'].map((door) =>
        service.api('POST', `/api/database/query/${door}`, body, users[profile]?.token ?? null),
      );
      return (await Promise.all(doors)).map(({ text }) => text).join('\n');
    },
    async traces() {
      const token = users['analyst']?.token ?? service.admin;
      const lists = await Promise.all([
        service.api('GET', '/metrics'),
        service.api('GET', '/api/database/history?limit=200', undefined, token),
        service.api('GET', '/api/database/history?limit=200'),
        service.api('GET', '/api/audit?limit=200'),
      ]);
      return [service.logged(), await everyRow(service.database.url), ...lists.map(({ text }) => text)].join(
        '\n',
      );
    },
    close: () => service.close(),
  };
}

async function connect(service: TestService, bench: Bench, world: World): Promise<string> {
  const created = await service.api('POST', '/api/database/connections', {
    name: `world-${world.toLowerCase()}`,
    ...bench.target(world),
    readOnly: false,
  });
  if (created.status !== 201) throw new Error(`no connection: ${created.text}`);
  return created.body.id;
}

async function put(service: TestService, path: string, body: unknown): Promise<void> {
  const { status, text } = await service.api('PUT', path, body);
  if (status !== 200) throw new Error(`PUT ${path}: ${status} ${text}`);
}

const permissionOf = (profiles: Profiles, profile: Profile): Record<string, unknown> => ({
  ...(profile.like !== undefined && profiles[profile.like]?.permission),
  ...profile.permission,
});

function policiesOf(profiles: Profiles, users: Readonly<Record<string, TestUser>>): unknown[] {
  return Object.entries(profiles).flatMap(([name, { policies = [] }]) => {
    const holders = Object.keys(profiles).filter((other) => other === name || profiles[other]?.like === name);
    return policies.map((item) => ({
      ...item,
      appliesTo: { users: holders.map((holder) => users[holder]?.username) },
    }));
  });
}

/** `@name@` in a data file is what the bench calls it in that world. */
export function placed<T>(bench: Bench, world: World, value: T): T {
  let text = JSON.stringify(value);
  for (const [name, alias] of bench.aliases[world]) text = text.replaceAll(`@${alias}@`, name);
  return JSON.parse(text) as T;
}

function seen({ status, body, text }: Answer, aliases: readonly (readonly [string, string])[]): Seen {
  const {
    queryId: _id,
    requestId: _request,
    instance: _instance,
    executionTimeMs: _ms,
    ...rest
  } = body ?? {};
  const metadata = { ...rest.metadata, connectionId: undefined };
  let shown = withoutNoise(
    JSON.stringify(body === null ? text : { ...rest, ...(rest.metadata && { metadata }) }),
  );
  for (const [name, alias] of aliases) shown = shown.replaceAll(name, `@${alias}@`);
  return {
    ok: status === 200,
    status,
    code: body?.code ?? null,
    rows: body?.data ?? [],
    columns: (body?.columns ?? []).map((column: { name: string }) => column.name),
    affected: body?.metadata?.affectedRows ?? null,
    text: shown,
  };
}

async function everyRow(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    const parts = [];
    for (const { name } of tables.rows) {
      const rows = await client.query<{ t: string | null }>(
        `select string_agg(x::text, chr(10)) as t from ${name} x`,
      );
      parts.push(rows.rows[0]?.t ?? '');
    }
    return parts.join('\n');
  } finally {
    await client.end();
  }
}
