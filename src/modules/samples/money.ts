/** Whole cents as a decimal number of euros, exactly: `1999` is `19.99`. */
export function euros(cents: number): string {
  return `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
