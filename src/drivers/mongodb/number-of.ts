/** A number of an operation or a reply read with its exact types: Int32, Long and Double wrap it. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const { value: inner } = value as { value?: unknown };
  return typeof inner === 'number' ? inner : Number((value as { toString(): string }).toString());
}
