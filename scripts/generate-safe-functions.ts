/**
 * Writes `src/sql/postgresql/safe-functions.json` from the catalog of the embedded PostgreSQL server:
 * `npx tsx scripts/generate-safe-functions.ts`. The rules are explained in `src/sql/postgresql/safe-functions.md`.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { format, resolveConfig } from 'prettier';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres';

/** Volatile, but only because of the clock or of chance. */
const harmlessVolatile = [
  'array_sample',
  'array_shuffle',
  'clock_timestamp',
  'gen_random_uuid',
  'random',
  'random_normal',
  'timeofday',
  'uuidv4',
  'uuidv7',
];

/** Of the `pg_*` functions, which read the server in general, those that only compute on their arguments. */
const harmlessPgFunctions = [
  'pg_collation_for',
  'pg_column_size',
  'pg_lsn',
  'pg_size_bytes',
  'pg_size_pretty',
  'pg_typeof',
  'pg_wal_lsn_diff',
];

/**
 * What tools call while they browse a catalog: how a type is written, and an expression that was read from a catalog column
 * (those are hidden). They tell nothing of a table by its name or number.
 */
const browsing = ['current_schemas', 'format_type', 'pg_get_expr', 'pg_table_is_visible'];

/** Not volatile, and yet they read settings, catalogs, tables or accounts, or answer questions about them. */
const reading = [
  /^pg_/,
  /^has_.*_privilege$/,
  /^(lo_|lo$|loread$|lowrite$)/,
  /^(txid|inet_client|inet_server|shobj|obj|col)_/,
  /^(current_setting|current_schemas|current_query|current_user|session_user|system_user|getpgusername)$/,
  /^(getdatabaseencoding|get_current_ts_config|row_security_active|format_type|mxid_age)$/,
  /_to_xml(schema|_and_xmlschema)?$/,
  /^(ts_stat|ts_rewrite|ts_debug|ts_token_type|ts_parse|ts_lexize|ts_typanalyze)$/,
  /^(querytree|satisfies_hash_partition|xmlvalidate|oidvectortypes|.*_validator)$/,
  /^(to_)?reg(class|proc|procedure|oper|operator|type|typemod|role|namespace|collation|config|dictionary|database)$/,
];

/** Their text form names objects or accounts of the catalog, so that making one asks whether the name exists. */
const namingTypes = /^(reg.*|aclitem|pg_node_tree|refcursor)$/;
/** Arguments and results by which a function is not meant to be called by people. */
const internalTypes =
  /^(internal|cstring|trigger|event_trigger|.*_handler|pg_ddl_command|_?aclitem|pg_node_tree)$/;
/** Text search takes its configuration by name; everything else that takes a name looks into the catalog. */
const namingArguments = /^reg(?!config$)/;

interface Routine {
  readonly name: string;
  readonly volatility: 'i' | 's' | 'v';
  readonly definer: boolean;
  readonly language: string;
  readonly body: string;
  readonly types: readonly string[];
  readonly least: number;
  readonly most: number;
}

const routinesQuery = `
  select p.proname::text as name, p.provolatile::text as volatility, p.prosecdef as definer, l.lanname::text as language,
         coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body,
         array(select t.typname::text from unnest(array_append(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.prorettype)) o
               join pg_type t on t.oid = o) as types,
         p.pronargs - p.pronargdefaults as least,
         case when p.provariadic <> 0 then 100 else p.pronargs end as most
  from pg_proc p join pg_language l on l.oid = p.prolang
  where p.pronamespace = 'pg_catalog'::regnamespace`;

const operatorsQuery = `
  select o.oprname::text as name
  from pg_operator o join pg_proc p on p.oid = o.oprcode join pg_language l on l.oid = p.prolang
  where o.oprnamespace = 'pg_catalog'::regnamespace
  group by o.oprname
  having bool_and(p.provolatile <> 'v' and not p.prosecdef and l.lanname in ('internal', 'sql'))`;

const typesQuery = `
  select typname::text as name from pg_type
  where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm')
    and not (typcategory = 'A' and typname like '\\_%')`;

function onlyComputes(routine: Routine): boolean {
  if (routine.definer || !['internal', 'sql'].includes(routine.language)) return false;
  if (routine.language === 'sql' && /\bfrom\s+(pg_|information_schema)/i.test(routine.body)) return false;
  if (routine.volatility === 'v') return harmlessVolatile.includes(routine.name);
  if (harmlessPgFunctions.includes(routine.name) || browsing.includes(routine.name)) return true;
  return !reading.some((rule) => rule.test(routine.name));
}

const callable = (routine: Routine): boolean =>
  browsing.includes(routine.name) || !routine.types.some((type) => internalTypes.test(type));
const namesObjects = (routine: Routine): boolean =>
  routine.name !== 'pg_typeof' && routine.types.some((type) => namingArguments.test(type));

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted();

async function generate(client: Client): Promise<object> {
  const routines = (await client.query<Routine>(routinesQuery)).rows;
  const refused = new Set(
    routines.filter((routine) => !onlyComputes(routine) || namesObjects(routine)).map(({ name }) => name),
  );
  const names = async (query: string): Promise<string[]> =>
    (await client.query<{ name: string }>(query)).rows.map(({ name }) => name);
  const types = await names(typesQuery);
  const oneArgument = routines.filter(
    (routine) => callable(routine) && routine.least <= 1 && routine.most >= 1,
  );
  return {
    server: (await client.query<{ server_version: string }>('show server_version')).rows[0]?.server_version,
    functions: sorted(
      routines.filter((routine) => callable(routine) && !refused.has(routine.name)).map(({ name }) => name),
    ),
    operators: sorted(await names(operatorsQuery)),
    types: sorted(types.filter((name) => !namingTypes.test(name))),
    unsafeAttributes: sorted([
      ...oneArgument.filter(({ name }) => refused.has(name)).map(({ name }) => name),
      ...types.filter((name) => namingTypes.test(name)),
    ]),
  };
}

async function main(): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), 'safe-functions-'));
  const server = await startEmbeddedPostgres({
    dir: path.join(dir, 'data'),
    password: 'generate',
    removeAfterwards: dir,
  });
  const client = new Client({ connectionString: server.url });
  try {
    await client.connect();
    const file = path.join(__dirname, '../src/sql/postgresql/safe-functions.json');
    const options = { ...(await resolveConfig(file)), filepath: file };
    writeFileSync(file, await format(JSON.stringify(await generate(client)), options));
  } finally {
    await client.end();
    await server.stop();
  }
}

void main();
