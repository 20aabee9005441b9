/** The nearest text that PostgreSQL holds; one that it cannot hold shows what was there. */
export function storableText(text: string): string {
  const whole = text.includes('\0') ? text.replaceAll('\0', '\u2400') : text;
  return whole.isWellFormed() ? whole : whole.toWellFormed();
}
