/** MySQL manual, "Schema Object Names": a backtick inside a quoted identifier is doubled. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

export function quoteRelation({ schema, name }: { schema: string | null; name: string }): string {
  return schema === null ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** A literal under the pinned sql_mode, in which the backslash escapes inside strings. */
export function quoteLiteral(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'number') return value < 0 ? `(${value})` : String(value);
  return `'${value.replace(/['\\]/g, String.raw`\$&`)}'`;
}
