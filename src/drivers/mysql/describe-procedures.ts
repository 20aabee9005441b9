import { createHash } from 'node:crypto';
import { groupBy } from '../../common/group-by';
import { quoteText } from '../../common/quote/mysql';
import type { RelationName } from '../../common/relation-description';
import { collectRows } from '../collect-rows';
import type { Source } from '../driver';
import {
  maxProcedures,
  type ParameterMode,
  type ProcedureDescription,
  type ProcedureParameter,
  type ValueKind,
} from '../procedure';

const timeoutMs = 60_000;
/** MySQL and MariaDB keep what is their own in these. */
const systemSchemas = ['mysql', 'information_schema', 'performance_schema', 'sys'].map(quoteText).join(', ');

export interface MysqlParameter extends ProcedureParameter {
  /** DATA_TYPE: the type without length and sign. */
  readonly dataType: string;
  /** Digits of seconds, bits: what a cast to the type takes. */
  readonly precision: number | null;
}

export interface MysqlProcedure extends ProcedureDescription {
  readonly schema: string;
  readonly parameters: readonly MysqlParameter[];
}

type Cells = readonly (string | null)[];

const where = (names: readonly RelationName[] | null, schema: string, name: string): string =>
  names === null
    ? `${schema} not in (${systemSchemas})`
    : `(${names.map((one) => `(${schema} = ${quoteText(one.schema ?? '')} and ${name} = ${quoteText(one.name)})`).join(' or ')})`;

/** All cells of both are character strings or NULL. Names of routines are the same in any case (MySQL manual 9.2.3). */
export const routinesQuery = (names: readonly RelationName[] | null): string => `
  select cast(routine_schema as char), cast(routine_name as char), cast(routine_type as char), cast(dtd_identifier as char),
    cast(security_type as char), cast(last_altered as char), cast(routine_definition as char), cast(sql_mode as char)
  from information_schema.routines
  where ${where(names, 'routine_schema', 'routine_name')} and routine_type in ('PROCEDURE', 'FUNCTION')
  order by routine_schema, routine_name, routine_type limit ${maxProcedures}`;

/** Place 0 is what a function returns. */
export const parametersQuery = (names: readonly RelationName[] | null): string => `
  select cast(specific_schema as char), cast(specific_name as char), cast(routine_type as char), cast(parameter_mode as char),
    cast(parameter_name as char), cast(dtd_identifier as char), cast(data_type as char),
    cast(coalesce(datetime_precision, numeric_precision) as char)
  from information_schema.parameters
  where ${where(names, 'specific_schema', 'specific_name')} and ordinal_position > 0
  order by specific_schema, specific_name, routine_type, ordinal_position`;

const modes: Readonly<Record<string, ParameterMode>> = { IN: 'in', OUT: 'out', INOUT: 'inout' };

const kindsOf: Readonly<Record<ValueKind, readonly string[]>> = {
  boolean: [],
  number: ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double', 'year'],
  text: ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set'],
  array: [],
  json: ['json'],
  other: [],
};
const kinds = new Map<string, ValueKind>(
  Object.entries(kindsOf).flatMap(([kind, types]) => types.map((type) => [type, kind as ValueKind] as const)),
);

/** The answers to `routinesQuery` and `parametersQuery`. */
export function readProcedures(routines: readonly Cells[], parameters: readonly Cells[]): MysqlProcedure[] {
  const keyOf = ([schema, name, type]: Cells): string => JSON.stringify([schema, name, type]).toLowerCase();
  const own = groupBy(parameters, keyOf);
  return routines.map((routine) => {
    const [schema, name, type, returns, security] = routine;
    const declared = own.get(keyOf(routine)) ?? [];
    return {
      schema: schema ?? '',
      name: name ?? '',
      kind: type === 'FUNCTION' ? 'function' : 'procedure',
      parameters: declared.map(readParameter),
      returns: type === 'FUNCTION' ? returns! : null,
      returnsSet: false,
      definerRights: security === 'DEFINER',
      version: createHash('sha256')
        .update(JSON.stringify([routine, declared]))
        .digest('hex')
        .slice(0, 32),
    };
  });
}

function readParameter([, , , mode, name, type, dataType, precision]: Cells): MysqlParameter {
  const bare = (dataType ?? '').toLowerCase();
  return {
    name: name ?? null,
    // parameters of a function have no mode
    mode: modes[mode ?? 'IN'] ?? 'in',
    type: type ?? '',
    kind: kinds.get(bare) ?? 'other',
    optional: false,
    dataType: bare,
    precision: precision === null || precision === undefined ? null : Number(precision),
  };
}

/** See `Source.procedures`. Only what the account may call is told. */
export async function describeProcedures(
  source: Pick<Source, 'query'>,
  names: readonly RelationName[] | null,
  signal: AbortSignal,
): Promise<MysqlProcedure[]> {
  const routines = await collectRows(source, routinesQuery(names), signal, timeoutMs);
  const parameters = await collectRows(source, parametersQuery(names), signal, timeoutMs);
  return readProcedures(routines as Cells[], parameters as Cells[]);
}
