/** Elements that need no quotes (manual, "Array Input and Output Syntax"): no comma, brace, quote, backslash, space; not NULL. */
const plain = /^(?!null$)[\w.:+-]+$/i;

/** An array as PostgreSQL reads it. Buffers are `bytea`. */
export function arrayLiteral(values: readonly unknown[]): string {
  let text = '{';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',';
    text += element(values[index]);
  }
  return `${text}}`;
}

function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (Buffer.isBuffer(value)) return `"\\\\x${value.toString('hex')}"`;
  const text = String(value);
  return plain.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
