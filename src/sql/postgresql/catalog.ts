import data from './safe-functions.json';

const functions: ReadonlySet<string> = new Set(data.functions);
const operators: ReadonlySet<string> = new Set(data.operators);
const types: ReadonlySet<string> = new Set(data.types);
const unsafeAttributes: ReadonlySet<string> = new Set(data.unsafeAttributes);

const builtIn = (schema: string | null): boolean => schema === null || schema === 'pg_catalog';

/** `nextval`, `public.f`, and every function the catalog of the embedded server does not have are not safe. */
export function isSafeFunction(schema: string | null, name: string): boolean {
  return builtIn(schema) && functions.has(name);
}

export function isSafeOperator(schema: string | null, name: string): boolean {
  return builtIn(schema) && operators.has(name);
}

/**
 * Types whose input and output only compute. A cast to `regclass` asks the catalog, one to a type of the user runs
 * code of the user (input function, cast, CHECK of a domain) or shows the columns of a table. `_int4` is `int4[]`.
 */
export function isSafeType(schema: string | null, name: string): boolean {
  return builtIn(schema) && (types.has(name) || (name.startsWith('_') && types.has(name.slice(1))));
}

/** `(x).pg_sleep` calls the function (manual 8.16.5: functional notation); such attributes are calls. */
export function isUnsafeAttribute(name: string): boolean {
  return unsafeAttributes.has(name);
}
