/** Elements that need no quotes (manual, "Array Input and Output Syntax"): no comma, brace, quote, backslash, space; not NULL. */
const plain = /^(?!null$)[\w.:+-]+$/i;

/** What a column of a batch holds; Buffers are `bytea`. */
export type ArrayElement = string | number | bigint | boolean | Buffer | null | undefined;

/** An array as PostgreSQL reads it. */
export function arrayLiteral(values: readonly ArrayElement[]): string {
  let text = '{';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',';
    text += element(values[index]);
  }
  return `${text}}`;
}

function element(value: ArrayElement): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (Buffer.isBuffer(value)) return `"\\\\x${value.toString('hex')}"`;
  const text = String(value);
  return plain.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
