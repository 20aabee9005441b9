import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type Connection, type FieldPacket } from 'mysql2/promise';
import { freshMariadbDatabase } from '../servers/servers';
import type { BareAnswer, Bench } from './bench';
import { digestOf } from './digest-of';
import { sqlOf, type Statement } from './suite-entry';
import { tablesOf, worlds, type World } from './worlds';

const fixture = (name: string): string => readFileSync(join(__dirname, 'fixture', name), 'utf8');

interface WireField {
  buffer(): Buffer | null;
}

/** Types of the protocol whose values are JSON numbers: TINY, SHORT, LONG, FLOAT, DOUBLE, INT24, YEAR. */
const numbers = new Set([1, 2, 3, 4, 5, 9, 13]);
/** The sizes of BLOB, VARBINARY and BINARY are told from text by the character set "binary". */
const texts = new Set([249, 250, 251, 252, 253, 254]);
const binary = 63;

/** The forms of docs/types.md written a second time. */
function read(bytes: Buffer | null, { columnType = 0, characterSet }: FieldPacket): unknown {
  if (bytes === null) return null;
  if (texts.has(columnType) && characterSet === binary) return bytes.toString('base64');
  const text = bytes.toString('utf8');
  if (numbers.has(columnType)) return Number(text);
  if (columnType === 12) return text.replace(' ', 'T');
  return columnType === 7 ? `${text.replace(' ', 'T')}Z` : text;
}

/** Databases of their own: two worlds with a vault each, a copy of A, and the views that show what the policies leave. */
export async function mariadbBench(): Promise<Bench> {
  const first = await freshMariadbDatabase();
  const prefix = `suite_${randomBytes(4).toString('hex')}`;
  const names = { A: `${prefix}_a`, B: `${prefix}_b`, copy: `${prefix}_c`, masked: `${prefix}_m` } as const;
  const open = (database: string): Promise<Connection> =>
    createConnection({
      uri: first.url,
      database,
      multipleStatements: true,
      rowsAsArray: true,
      timezone: 'Z',
      dateStrings: true,
      typeCast: ((field: WireField) => field.buffer()) as never,
    });
  const admin = await open(first.database);
  for (const name of Object.values(names))
    await admin.query(`create database ${name}; create database ${name}_vault`);
  const clients: Record<World | 'copy' | 'masked', Connection> = {
    A: await open(names.A),
    B: await open(names.B),
    copy: await open(names.copy),
    masked: await open(names.masked),
  };
  for (const client of Object.values(clients))
    await client.query(
      "set names utf8mb4, time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', max_statement_time = 5",
    );
  for (const world of [...worlds, 'copy'] as const)
    await fill(clients[world], names[world], world === 'copy' ? 'A' : world);
  await clients.masked.query(fixture('mariadb.masked.sql').replaceAll('@source@', names.copy));

  return {
    engine: 'mariadb',
    target: (world) => ({
      type: 'mariadb',
      host: first.host,
      port: first.port,
      database: names[world],
      username: first.username,
      password: first.password,
    }),
    aliases: { A: [[names.A, 'database']], B: [[names.B, 'database']] },
    form: document,
    bare: (world, statement, params) => inTransaction(clients[world], sqlOf(statement), params),
    masked: (statement, params) =>
      inTransaction(
        clients.masked,
        sqlOf(statement).replaceAll(`${names.A}.`, '').replaceAll(`\`${names.A}\`.`, ''),
        params,
      ),
    change: (statement, params) =>
      ask(clients.copy, sqlOf(statement).replaceAll(names.A, names.copy), params),
    digest: (world) => digest(clients[world], names[world]),
    async close() {
      for (const client of Object.values(clients)) await client.end();
      for (const name of Object.values(names))
        await admin.query(`drop database ${name}; drop database ${name}_vault`);
      await admin.end();
      await first.drop();
    },
  };
}

/** JSON is text to this server, and only the service tells the two apart. */
function document(cell: unknown): unknown {
  if (typeof cell === 'number') return String(cell);
  if (typeof cell !== 'string' || !/^["[{]/.test(cell)) return cell;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

async function fill(client: Connection, name: string, world: World): Promise<void> {
  const [tables = '', rest = ''] = fixture('mariadb.sql').replaceAll('@database@', name).split('-- rows\n');
  await client.query(tables);
  for (const { name: table, columns, rows } of tablesOf(world))
    for (const target of table === 'secrets' ? ['secrets', `${name}_vault.secrets`] : [table])
      await client.query(`insert into ${target} (${columns.join(', ')}) values ?`, [rows]);
  await client.query('alter table products auto_increment = 101');
  await client.query(rest);
}

async function inTransaction(
  client: Connection,
  statement: Statement,
  params?: readonly unknown[],
): Promise<BareAnswer> {
  await client.query('start transaction');
  try {
    return await ask(client, statement, params);
  } finally {
    await client.query('rollback');
  }
}

async function ask(
  client: Connection,
  statement: Statement,
  params: readonly unknown[] = [],
): Promise<BareAnswer> {
  try {
    const [answer, fields] = await client.query({ sql: sqlOf(statement), values: params.map(encoded) });
    const several = Array.isArray(fields) && fields.some((each) => each === undefined || Array.isArray(each));
    const results = (several ? answer : [answer]) as unknown[];
    const heads = (several ? fields : [fields]) as unknown as readonly (readonly FieldPacket[] | undefined)[];
    const rows = results.flatMap((result, at) =>
      Array.isArray(result)
        ? (result as (Buffer | null)[][]).map((row) =>
            row.map((cell, n) => read(cell, heads[at]?.[n] as FieldPacket)),
          )
        : [],
    );
    const columns = heads.flatMap((head) => (head ?? []).map((field) => field.name));
    const changed = results.filter((result) => !Array.isArray(result)) as { affectedRows: number }[];
    const affected =
      changed.length === 0 ? null : changed.reduce((sum, { affectedRows }) => sum + affectedRows, 0);
    return { ok: true, rows, columns, affected, said: '' };
  } catch (error) {
    const { message, errno = 0 } = error as { message: string; errno?: number };
    return { ok: false, rows: [], columns: [], affected: null, said: `${errno} ${message}` };
  }
}

const encoded = (value: unknown): unknown =>
  value !== null && typeof value === 'object' ? JSON.stringify(value) : value;

/** Rows, definitions, accounts of the suite, and the settings an attack of the suite would change. */
async function digest(client: Connection, name: string): Promise<string> {
  const schemas = `'${name}', '${name}_vault'`;
  const parts: [string, string][] = [];
  const add = async (query: string): Promise<void> => {
    const [rows] = await client.query(query);
    const lines = (rows as unknown as (Buffer | null)[][]).map((row) => JSON.stringify(row.map(String)));
    parts.push([query.replaceAll(name, 'database'), lines.sort().join('\n').replaceAll(name, 'database')]);
  };
  const [tables] = await client.query(
    `select concat('\`', table_schema, '\`.\`', table_name, '\`') from information_schema.tables
     where table_schema in (${schemas}) and table_type <> 'VIEW' order by 1`,
  );
  for (const [table] of tables as unknown as [Buffer][]) await add(`select * from ${table.toString()}`);
  for (const query of [
    `select table_schema, table_name, table_type, engine, table_comment from information_schema.tables where table_schema in (${schemas})`,
    `select table_name, column_name, column_type, column_default from information_schema.columns where table_schema in (${schemas})`,
    `select routine_name, routine_definition from information_schema.routines where routine_schema in (${schemas})`,
    `select trigger_name from information_schema.triggers where trigger_schema in (${schemas})`,
    `select event_name from information_schema.events where event_schema in (${schemas})`,
    `select user, host from mysql.global_priv where user like 'suite%'`,
    `select variable_name, variable_value from information_schema.global_variables where variable_name in
     ('general_log', 'read_only', 'sql_mode', 'max_statement_time', 'event_scheduler', 'local_infile', 'tx_isolation')`,
  ])
    await add(query);
  return digestOf(parts);
}
