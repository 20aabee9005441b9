import groups from './operators.json';

/**
 * Names after `$` that may stand in a document at any depth: Extended JSON wrappers, query, expression, accumulator and
 * update operators of the manual of MongoDB 8. Not among them, and so refused: $where, $function, $accumulator and $code
 * (JavaScript on the server), $symbol and $dbPointer (obsolete types), and every operator not known here.
 */
const known: ReadonlySet<string> = new Set(Object.values(groups).flat());

export const isKnownOperator = (key: string): boolean => known.has(key.slice(1));

/** Variables that tell of the account instead of the data. */
export const isServerVariable = (text: string): boolean => /^\$\$(USER_ROLES|SEARCH_META)(\.|$)/.test(text);
