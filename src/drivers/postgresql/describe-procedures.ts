import type { RelationName } from '../../common/relation-description';
import {
  maxProcedures,
  type ParameterMode,
  type ProcedureDescription,
  type ProcedureParameter,
  type ValueKind,
} from '../procedure';
import type { QueryRequest, Source } from '../driver';

const timeoutMs = 60_000;

/** What a call needs to know of a type beside its name. */
export interface PostgresType {
  /** Qualified and quoted, as a cast takes it. */
  readonly cast: string;
  /** Of a domain, the type it is made of. */
  readonly oid: number;
  /** A value of it cannot be named by a cast: `anyelement`, `internal`, `trigger`, … */
  readonly pseudo: boolean;
  readonly composite: boolean;
}

export interface PostgresParameter extends ProcedureParameter, PostgresType {
  readonly variadic: boolean;
  /** A column of RETURNS TABLE: no argument, not even of a CALL. */
  readonly column: boolean;
}

export interface PostgresProcedure extends ProcedureDescription {
  readonly parameters: readonly PostgresParameter[];
  readonly result: PostgresType;
}

/** One procedure as `procedureQuery` gives it. */
interface Found {
  readonly schema: string;
  readonly name: string;
  /** prokind: `f` function, `p` procedure, `a` aggregate, `w` window function. */
  readonly kind: string;
  readonly set: boolean;
  readonly definer: boolean;
  readonly defaults: number;
  readonly identity: string;
  readonly result: FoundType;
  readonly parameters: readonly FoundParameter[] | null;
}

interface FoundType {
  readonly type: string;
  readonly cast: string;
  readonly oid: string;
  /** typtype: `p` pseudo-type, `c` composite. */
  readonly kind: string;
  /** typcategory: `A` array, `B` boolean, `N` number, `S` string, … */
  readonly category: string;
}

interface FoundParameter extends FoundType {
  readonly name: string | null;
  /** proargmodes: `i` in, `o` out, `b` inout, `v` variadic, `t` a column of RETURNS TABLE. */
  readonly mode: string;
}

/** A domain is what it is made of, as far as writing its values goes. */
const typeObject = (type: string, more = ''): string => `pg_catalog.json_build_object(${more}
  'type', pg_catalog.format_type(${type}.oid, null),
  'cast', pg_catalog.quote_ident(${type}n.nspname) || '.' || pg_catalog.quote_ident(${type}.typname),
  'oid', case ${type}.typtype when 'd' then ${type}.typbasetype else ${type}.oid end,
  'kind', ${type}.typtype, 'category', ${type}.typcategory)`;

const fields = `pg_catalog.json_build_object(
  'schema', n.nspname, 'name', p.proname, 'kind', p.prokind, 'set', p.proretset, 'definer', p.prosecdef,
  'defaults', p.pronargdefaults, 'identity', p.oid || ':' || p.xmin,
  'result', ${typeObject('r')},
  'parameters', (
    select pg_catalog.json_agg(${typeObject('t', `'name', nullif(p.proargnames[a.place], ''), 'mode', coalesce(p.proargmodes[a.place], 'i'),`)} order by a.place)
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a (type, place)
    join pg_catalog.pg_type t on t.oid = a.type join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace))::text`;

const joins = `join pg_catalog.pg_type r on r.oid = p.prorettype join pg_catalog.pg_namespace rn on rn.oid = r.typnamespace`;

/** One cell a procedure. The parameters are schema and name. */
export const procedureQuery = `select ${fields}
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace ${joins}
  where n.nspname = $1::text and p.proname = $2::text order by p.oid`;

/** `t` while the procedures of a name are those of a version; the parameters are schema, name and the version. */
export const procedureVersionQuery = `select coalesce(pg_catalog.string_agg(p.oid || ':' || p.xmin, ',' order by p.oid), '') = $3::text
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = $1::text and p.proname = $2::text`;

const listQuery = `select ${fields}
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace ${joins}
  where p.prokind in ('f', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
    and not exists (select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
  order by n.nspname, p.proname, p.oid limit ${maxProcedures}`;

const modes: Readonly<Record<string, ParameterMode>> = { i: 'in', v: 'in', b: 'inout', o: 'out', t: 'out' };
const kinds: Readonly<Record<string, ValueKind>> = { A: 'array', B: 'boolean', N: 'number', S: 'text' };
/** json and jsonb are user-defined to typcategory (pg_type.dat). */
const jsonTypes: ReadonlySet<string> = new Set(['json', 'jsonb']);

/**
 * The callable procedures of one name out of the rows of `procedureQuery`. All of them have one version: that of the name,
 * since another procedure beside it may be the one that a call means.
 */
export function readProcedures(cells: readonly (string | null | undefined)[]): PostgresProcedure[] {
  const found = cells.map((cell) => JSON.parse(cell ?? 'null') as Found);
  const version = found.map(({ identity }) => identity).join(',');
  return found.filter(({ kind }) => kind === 'f' || kind === 'p').map((one) => readProcedure(one, version));
}

function readProcedure(found: Found, version: string): PostgresProcedure {
  const all = found.parameters ?? [];
  const places = [...all.keys()].filter((place) => modes[all[place]!.mode] !== 'out');
  // defaults belong to the last of those that take something in (pg_proc.pronargdefaults)
  const optional = new Set(places.slice(places.length - found.defaults));
  const isProcedure = found.kind === 'p';
  return {
    schema: found.schema,
    name: found.name,
    kind: isProcedure ? 'procedure' : 'function',
    parameters: all.map((one, place) => ({
      ...readType(one),
      name: one.name,
      mode: modes[one.mode] ?? 'in',
      type: one.type,
      kind: jsonTypes.has(one.type) ? 'json' : (kinds[one.category] ?? 'other'),
      optional: optional.has(place),
      variadic: one.mode === 'v',
      column: one.mode === 't',
    })),
    returns: isProcedure ? null : found.result.type,
    returnsSet: found.set,
    definerRights: found.definer,
    version,
    result: readType(found.result),
  };
}

function readType({ cast, oid, kind }: FoundType): PostgresType {
  return { cast, oid: Number(oid), pseudo: kind === 'p', composite: kind === 'c' };
}

/** See `Source.procedures`. */
export async function describeProcedures(
  source: Pick<Source, 'query'>,
  names: readonly RelationName[] | null,
  signal: AbortSignal,
): Promise<ProcedureDescription[]> {
  if (names === null) {
    const cells = await cellsOf(source, listQuery, [], signal);
    return cells.flatMap((cell) => readProcedures([cell]));
  }
  const found: ProcedureDescription[] = [];
  for (const { schema, name } of names) {
    if (found.length >= maxProcedures) break;
    found.push(...readProcedures(await cellsOf(source, procedureQuery, [schema, name], signal)));
  }
  return found.slice(0, maxProcedures);
}

async function cellsOf(
  source: Pick<Source, 'query'>,
  text: string,
  values: readonly unknown[],
  signal: AbortSignal,
): Promise<string[]> {
  const request: QueryRequest = { text, values, access: 'read', maxRows: maxProcedures, timeoutMs };
  await using cursor = await source.query(request, signal);
  const rows = await cursor.read(maxProcedures);
  return rows.map(([cell]) => cell as string);
}
