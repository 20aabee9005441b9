/** Quotes of a name, and what may stand between them. */
const quoted = /^(U&)?(["`[])([^]*)(["`\]])$/i;
const likely = /^[\p{L}_][\p{L}\p{N}_$ -]*$/u;

/**
 * A quoted name as it is, unless it does not look like one: who comes from another dialect puts strings in double quotes,
 * and what is no column then is a value.
 */
export function readableName(written: string): string {
  const [, prefix = '', open, name = '', close] = quoted.exec(written) ?? [];
  return open === undefined || (prefix === '' && likely.test(name)) ? written : `${open}?${close}`;
}
