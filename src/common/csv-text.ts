/** What spreadsheets take for the start of a formula, full-width forms and what they skip before it included. */
const FORMULA = /^[\s\u00a0\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

/** The text, behind an apostrophe where a spreadsheet would run it. */
export function withoutFormula(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** A field in quotes (RFC 4180, section 2). */
export function csvQuoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
