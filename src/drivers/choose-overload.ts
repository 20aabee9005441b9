import { AppError } from '../common/app-error';
import type { CallArguments, ProcedureDescription, ProcedureParameter, ValueKind } from './procedure';

/** A procedure, and the value of each of its parameters; a place without a value is left to the parameter's default. */
export interface Chosen<P extends ProcedureDescription> {
  readonly procedure: P;
  readonly values: ReadonlyMap<number, unknown>;
}

/**
 * The one procedure of a name that the arguments are for. Nothing is guessed: where two would take them, the caller has
 * to say more.
 *
 * @throws AppError `query.unknown_object`, `query.invalid_parameter`
 */
export function chooseOverload<P extends ProcedureDescription>(
  candidates: readonly P[],
  args: CallArguments,
): Chosen<P> {
  if (candidates.length === 0) throw new AppError('query.unknown_object', 'There is no such procedure');
  const bound = candidates.map((procedure) => ({ procedure, ...bind(procedure, args) }));
  const fitting = bound.filter(({ problem }) => problem === null);
  if (fitting.length === 0) {
    const [only] = bound;
    throw invalid(
      bound.length === 1
        ? only!.problem!
        : `No procedure of that name takes these parameters: ${list(candidates)}`,
    );
  }
  if (fitting.length === 1) return fitting[0]!;
  const ranked = fitting
    .map((one) => ({ one, rank: rankOf(one) }))
    .filter(({ rank }) => rank !== null)
    .toSorted((first, second) => second.rank! - first.rank!);
  const [best, next] = ranked;
  if (best === undefined || best.rank === next?.rank)
    throw invalid(
      `Several procedures take these parameters: ${list(fitting.map(({ procedure }) => procedure))}`,
    );
  return best.one;
}

interface Bound {
  readonly values: ReadonlyMap<number, unknown>;
  readonly problem: string | null;
}

const takesIn = ({ mode }: ProcedureParameter): boolean => mode !== 'out';

function bind({ parameters }: ProcedureDescription, args: CallArguments): Bound {
  return Array.isArray(args)
    ? bindPlaces(parameters, args as readonly unknown[])
    : bindNames(parameters, new Map(Object.entries(args)));
}

function bindPlaces(parameters: readonly ProcedureParameter[], args: readonly unknown[]): Bound {
  const values = new Map<number, unknown>();
  const places = [...parameters.keys()].filter((place) => takesIn(parameters[place]!));
  const required = places.filter((place) => !parameters[place]!.optional).length;
  args.slice(0, places.length).forEach((value, index) => values.set(places[index]!, value));
  const fits = args.length <= places.length && args.length >= required;
  const expected = required === places.length ? `${required}` : `${required} to ${places.length}`;
  return { values, problem: fits ? null : `It takes ${expected} parameters, ${args.length} were sent` };
}

function bindNames(parameters: readonly ProcedureParameter[], args: ReadonlyMap<string, unknown>): Bound {
  const values = new Map<number, unknown>();
  const known = new Set<string>();
  const missing: string[] = [];
  parameters.forEach((parameter, place) => {
    if (!takesIn(parameter)) return;
    const { name, optional } = parameter;
    if (name !== null && args.has(name)) {
      known.add(name);
      values.set(place, args.get(name));
    } else if (!optional) {
      missing.push(name ?? `number ${place + 1}, which has no name`);
    }
  });
  const unknown = [...args.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0)
    return { values, problem: `It takes no parameter ${unknown.map(shown).join(', ')}` };
  return {
    values,
    problem: missing.length > 0 ? `These parameters are missing: ${missing.join(', ')}` : null,
  };
}

/** A name that a caller made up is not repeated at any length. */
const shown = (name: string): string => JSON.stringify(name.length > 63 ? `${name.slice(0, 63)}…` : name);

const exact: Readonly<Record<string, readonly ValueKind[]>> = {
  boolean: ['boolean'],
  number: ['number'],
  string: ['text'],
  array: ['array'],
  object: ['json'],
};
/** What else can be written as such a value. A string can stand for everything. */
const possible: Readonly<Record<string, readonly ValueKind[]>> = {
  boolean: ['json'],
  number: ['text', 'json', 'other'],
  array: ['json', 'other'],
  object: ['other'],
};

/** How many values are of the very kind of their parameters; `null` when one of them cannot be. */
function rankOf({ procedure, values }: Chosen<ProcedureDescription>): number | null {
  let rank = 0;
  for (const [place, value] of values) {
    if (value === null || value === undefined) continue;
    const jsonKind = Array.isArray(value) ? 'array' : typeof value;
    const { kind } = procedure.parameters[place]!;
    if (exact[jsonKind]?.includes(kind)) rank += 1;
    else if (jsonKind !== 'string' && !possible[jsonKind]?.includes(kind)) return null;
  }
  return rank;
}

/** As it would be declared: `shop.transfer(amount numeric, OUT total numeric)`. */
export function signatureOf({
  schema,
  name,
  parameters,
}: Pick<ProcedureDescription, 'schema' | 'name' | 'parameters'>): string {
  const declared = parameters.map(({ name: own, mode, type }) =>
    [mode === 'in' ? null : mode.toUpperCase(), own, type].filter((part) => part !== null).join(' '),
  );
  return `${schema === null ? '' : `${schema}.`}${name}(${declared.join(', ')})`;
}

function list(procedures: readonly ProcedureDescription[]): string {
  return procedures.slice(0, 10).map(signatureOf).join('; ');
}

function invalid(detail: string): AppError {
  return new AppError('query.invalid_parameter', detail);
}
