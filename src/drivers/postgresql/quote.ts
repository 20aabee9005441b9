/** Manual, "Identifiers and Key Words": a quote inside a quoted identifier is doubled. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
