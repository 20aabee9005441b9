/** The text of a tree without the members that say where it stands. */
export function printOf(value: unknown, ...places: readonly string[]): string {
  return JSON.stringify(value, (key, member: unknown) => (places.includes(key) ? undefined : member));
}
