import type { RelationName } from '../relation-description';

/** MySQL manual, "Schema Object Names": a backtick inside a quoted identifier is doubled. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

export function quoteRelation({ schema, name }: RelationName): string {
  return schema === null ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** A string literal under the sql_mode that sessions are pinned to, in which the backslash escapes. */
export function quoteText(text: string): string {
  return `'${text.replace(/['\\]/g, String.raw`\$&`)}'`;
}
