/** MySQL manual, "Schema Object Names": a backtick inside a quoted identifier is doubled. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A string literal under the pinned sql_mode, in which the backslash escapes. */
export function quoteText(text: string): string {
  return `'${text.replace(/['\\]/g, String.raw`\$&`)}'`;
}
