import { AppError } from '../../common/app-error';
import { quoteIdentifier } from '../../common/quote/postgresql';
import type { Chosen } from '../choose-overload';
import type { PostgresParameter, PostgresProcedure } from './describe-procedures';
import { encodeParameter } from './encode-parameter';

/** Object identifier of `refcursor` (pg_type.dat): its values name cursors that a call has left open. */
export const refcursorOid = 1790;
const voidOid = 2278;
const recordOid = 2249;

/** What a call gives: one row of values, a set of rows, or nothing. */
export type CallShape = 'row' | 'set' | 'nothing';

export interface PostgresCallText {
  readonly text: string;
  readonly values: readonly (string | null)[];
  readonly shape: CallShape;
}

/**
 * The statement that calls a procedure, made of the catalog alone: names are quoted, values are bound and cast to the very
 * types of the parameters, so that the server can mean no other procedure.
 *
 * @throws AppError `query.unsupported`, `query.invalid_parameter`
 */
export function callText({ procedure, values }: Chosen<PostgresProcedure>): PostgresCallText {
  const { kind, schema, name } = procedure;
  const bound: (string | null)[] = [];
  const full = `${quoteIdentifier(schema ?? 'public')}.${quoteIdentifier(name)}`;
  const args = argumentsOf(procedure, values, bound);
  if (kind === 'procedure') {
    const shape = procedure.parameters.some(({ mode }) => mode !== 'in') ? 'row' : 'nothing';
    return { text: `CALL ${full}(${args})`, values: bound, shape };
  }
  return { ...functionText(procedure, `${full}(${args})`), values: bound };
}

function functionText(
  { result, returnsSet, parameters }: PostgresProcedure,
  call: string,
): Pick<PostgresCallText, 'text' | 'shape'> {
  const scalar = `SELECT ${call} AS "return"`;
  if (result.oid === voidOid) return { text: scalar, shape: 'nothing' };
  const named = result.composite || parameters.some(({ mode }) => mode !== 'in');
  const usable = !result.pseudo || named || result.oid === recordOid;
  if (!usable) throw unsupported('A function that returns a pseudo-type cannot be called');
  if (!returnsSet)
    return named ? { text: `SELECT * FROM ${call}`, shape: 'row' } : { text: scalar, shape: 'row' };
  if (result.pseudo && !named) throw unsupported('The function does not say which columns it returns');
  return { text: `SELECT * FROM ${call}`, shape: 'set' };
}

function argumentsOf(
  { kind, parameters }: PostgresProcedure,
  values: ReadonlyMap<number, unknown>,
  bound: (string | null)[],
): string {
  const isCall = kind === 'procedure';
  const byName = parameters.every(({ name, column }) => name !== null || column);
  const args: string[] = [];
  let omitted = false;
  parameters.forEach((parameter, place) => {
    const written = argumentOf(parameter, place, values, isCall, bound);
    if (written === null) {
      omitted ||= parameter.mode !== 'out';
      return;
    }
    if (omitted && !byName)
      throw unsupported('A parameter without a name stands behind one that was left out');
    const { name, variadic } = parameter;
    const value = byName && name !== null ? `${quoteIdentifier(name)} => ${written}` : written;
    args.push(variadic ? `VARIADIC ${value}` : value);
  });
  return args.join(', ');
}

/** `null`: nothing is written, since it has a default or, in a function, only comes out. */
function argumentOf(
  { mode, pseudo, cast, oid }: PostgresParameter,
  place: number,
  values: ReadonlyMap<number, unknown>,
  isCall: boolean,
  bound: (string | null)[],
): string | null {
  if (mode === 'out') return isCall ? `NULL::${cast}` : null;
  if (!values.has(place)) return null;
  if (pseudo) throw unsupported('A parameter of a polymorphic or internal type cannot be passed');
  bound.push(encodeParameter(values.get(place), place, oid));
  return `$${bound.length}::${cast}`;
}

function unsupported(detail: string): AppError {
  return new AppError('query.unsupported', detail);
}
