export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** In strings nothing but the quote is special (https://sqlite.org/lang_expr.html#literal_values_constants_). */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
