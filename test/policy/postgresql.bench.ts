import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, types, type QueryArrayResult } from 'pg';
import { freshPostgresDatabase } from '../servers/servers';
import type { BareAnswer, Bench } from './bench';
import { digestOf } from './digest-of';
import { sqlOf, type Statement } from './suite-entry';
import { tablesOf, worlds, type World } from './worlds';

const fixture = (name: string): string => readFileSync(join(__dirname, 'fixture', name), 'utf8');

const options = [
  'search_path=public',
  'TimeZone=UTC',
  'DateStyle=ISO,YMD',
  'IntervalStyle=iso_8601',
  'extra_float_digits=3',
  'statement_timeout=5000',
];

const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

type Read = (text: string) => unknown;
const json: Read = (text) => JSON.parse(text);
/** By type OID (pg_type.dat), the forms of docs/types.md written a second time. */
const scalars: Readonly<Record<number, Read>> = {
  16: (text) => text === 't',
  17: (text) => Buffer.from(text.slice(2), 'hex').toString('base64'),
  21: Number,
  23: Number,
  26: Number,
  700: (text) => (Number.isFinite(Number(text)) ? Number(text) : text),
  701: (text) => (Number.isFinite(Number(text)) ? Number(text) : text),
  114: json,
  3802: json,
  1114: (text) => text.replace(' ', 'T'),
  1184: (text) => text.replace(' ', 'T').replace(/\+00$/, 'Z'),
  1266: (text) => text.replace(/([+-]\d\d)$/, '$1:00'),
};
const arrays: Readonly<Record<number, number>> = {
  199: 114,
  1000: 16,
  1005: 21,
  1007: 23,
  1016: 20,
  1009: 25,
  1015: 1043,
  1021: 700,
  1022: 701,
  1115: 1114,
  1182: 1082,
  1185: 1184,
  1231: 1700,
  3807: 3802,
};

/** That of pg itself, whose declaration is wrong. */
const arrayParser = types.arrayParser as unknown as {
  create(source: string, transform: (entry: string | null) => unknown): { parse(): unknown[] };
};

function read(oid: number, text: string | null): unknown {
  if (text === null) return null;
  const element = arrays[oid];
  if (element !== undefined) return arrayParser.create(text, (each) => read(element, each)).parse();
  return (scalars[oid] ?? String)(text);
}

/** Three databases of their own: the two worlds, and the copy of A that is asked what the policies leave. */
export async function postgresqlBench(): Promise<Bench> {
  const first = await freshPostgresDatabase();
  const admin = new Client({ connectionString: first.url });
  await admin.connect();
  const prefix = `suite_${randomBytes(4).toString('hex')}`;
  const names = { A: `${prefix}_a`, B: `${prefix}_b`, copy: `${prefix}_c` } as const;
  for (const world of worlds) {
    await admin.query(`create database ${names[world]}`);
    await fill(new Client({ connectionString: urlOf(first.url, names[world]), options: sent() }), world);
  }
  await admin.query(`create database ${names.copy} template ${names.A}`);
  const clients: Record<World | 'copy', Client> = {
    A: await connect(first.url, names.A),
    B: await connect(first.url, names.B),
    copy: await connect(first.url, names.copy),
  };
  await clients.copy.query(fixture('postgresql.masked.sql'));

  return {
    engine: 'postgresql',
    target: (world) => ({
      type: 'postgresql',
      host: first.host,
      port: first.port,
      database: names[world],
      username: first.username,
      password: first.password,
    }),
    aliases: { A: [[names.A, 'database']], B: [[names.B, 'database']] },
    bare: (world, statement, params) => inTransaction(clients[world], statement, params, ''),
    masked: (statement, params) =>
      inTransaction(
        clients.copy,
        sqlOf(statement).replace(/(\bpublic|"public")\.(?!mv_|"mv_)/g, ''),
        params,
        'set local search_path = masked, public;',
      ),
    change: (statement, params) => ask(clients.copy, statement, params),
    digest: (world) => digest(clients[world]),
    async close() {
      for (const client of Object.values(clients)) await client.end();
      for (const name of Object.values(names)) await admin.query(`drop database ${name} with (force)`);
      await admin.end();
      await first.drop();
    },
  };
}

const sent = (): string => options.map((option) => `-c ${option}`).join(' ');

function urlOf(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function connect(url: string, database: string): Promise<Client> {
  const client = new Client({
    connectionString: urlOf(url, database),
    options: sent(),
    types: { getTypeParser: () => (text: unknown) => text } as unknown as typeof types,
  });
  await client.connect();
  return client;
}

async function fill(client: Client, world: World): Promise<void> {
  await client.connect();
  const [tables = '', rest = ''] = fixture('postgresql.sql').split('-- rows\n');
  await client.query(tables);
  for (const { name, columns, rows } of tablesOf(world)) {
    const table = name === 'secrets' ? ['secrets', 'vault.secrets'] : [name];
    for (const target of table)
      await client.query(
        `insert into ${target} (${columns.join(', ')})
         select ${columns.join(', ')} from json_populate_recordset(null::${target}, $1)`,
        [
          JSON.stringify(
            rows.map((row) => Object.fromEntries(row.map((cell, at) => [columns[at], embedded(cell)]))),
          ),
        ],
      );
  }
  await client.query(`select setval('products_id_seq', 100)`);
  await client.query(rest);
  await client.end();
}

/** Documents stand in the data as text. */
function embedded(cell: unknown): unknown {
  return typeof cell === 'string' && /^\{".*\}$/.test(cell) ? JSON.parse(cell) : cell;
}

async function inTransaction(
  client: Client,
  statement: Statement,
  params: readonly unknown[] | undefined,
  settings: string,
): Promise<BareAnswer> {
  await client.query(`begin; ${settings}`);
  try {
    return await ask(client, statement, params);
  } finally {
    await client.query('rollback');
  }
}

/** Without parameters by the simple protocol, which takes several statements as an attacker would like it. */
async function ask(client: Client, statement: Statement, params?: readonly unknown[]): Promise<BareAnswer> {
  const said: string[] = [];
  const listen = (notice: { message?: string }): void => void said.push(String(notice.message));
  client.on('notice', listen);
  try {
    const answer: unknown = await client.query({
      text: sqlOf(statement),
      rowMode: 'array',
      ...(params && { values: params.map(encoded) }),
    });
    const results = (Array.isArray(answer) ? answer : [answer]) as QueryArrayResult<(string | null)[]>[];
    const rows = results.flatMap((result) =>
      (result.rows ?? []).map((row) => row.map((cell, at) => read(result.fields[at]?.dataTypeID ?? 0, cell))),
    );
    const columns = results.flatMap((result) => (result.fields ?? []).map((field) => field.name));
    const changed = results
      .filter(({ command }) => changing.has(command))
      .map(({ rowCount }) => rowCount ?? 0);
    const affected = changed.length === 0 ? null : changed.reduce((sum, count) => sum + count, 0);
    return { ok: true, rows, columns, affected, said: said.join('\n') };
  } catch (error) {
    const { message, detail = '', code = '' } = error as { message: string; detail?: string; code?: string };
    return {
      ok: false,
      rows: [],
      columns: [],
      affected: null,
      said: [...said, code, message, detail].join('\n'),
    };
  } finally {
    client.off('notice', listen);
  }
}

function encoded(value: unknown): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : value;
}

/**
 * Rows of every table, definitions of everything, accounts, settings, large objects, locks that outlive a statement.
 * Other suites have databases and accounts on the same server: theirs are left out.
 */
async function digest(client: Client): Promise<string> {
  const text = async (query: string): Promise<string> =>
    String(
      (
        await client.query<{ t: string }>(
          `select string_agg(x::text, chr(10) order by x::text) as t from (${query}) x`,
        )
      ).rows[0]?.t,
    );
  const tables = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname <> 'masked' order by 1`,
  );
  const parts: [string, string][] = [];
  for (const { name } of tables.rows) parts.push([name, await text(`select * from ${name}`)]);
  for (const query of [
    `select relname, relkind, relacl, relrowsecurity, relnamespace::regnamespace from pg_class where oid >= 16384 and relkind not in ('t', 'i') and relnamespace::regnamespace::text not in ('masked', 'pg_toast')`,
    `select attrelid::regclass, attname, atttypid::regtype, attacl from pg_attribute where attrelid >= 16384 and attnum > 0 and attrelid::regclass::text not like 'masked.%' and attrelid::regclass::text not like 'pg_toast%'`,
    `select oid::regprocedure, prosrc, proacl from pg_proc where oid >= 16384`,
    "select nspname, nspacl from pg_namespace where nspname !~ '^pg_(toast_)?temp_' and nspname <> 'masked'",
    `select rolname, rolsuper, rolcanlogin, rolconfig from pg_roles where rolname like 'suite%' or rolname = current_user`,
    `select setdatabase = 0 as everywhere, setconfig from pg_db_role_setting
     where setdatabase in (0, (select oid from pg_database where datname = current_database())) and setrole in (0, (select oid from pg_roles where rolname = current_user))`,
    'select extname from pg_extension',
    'select tgname from pg_trigger where not tgisinternal',
    'select lomowner from pg_largeobject_metadata',
    `select gid from pg_prepared_xacts where database = current_database()`,
    `select locktype, mode from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    'select name, setting from pg_file_settings',
    `select name, setting from pg_settings where source in ('configuration file', 'database', 'user', 'global')`,
  ])
    parts.push([query, await text(query)]);
  return digestOf(parts);
}
