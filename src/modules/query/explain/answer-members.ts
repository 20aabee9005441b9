/** Part of an engine's answer. */
export type Answer = Readonly<Record<string, unknown>>;

export function textIn(answer: Answer, member: string): string | undefined {
  const value = answer[member];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A number, also one that came as text because it could be too large for JSON. */
export function numberIn(answer: Answer, member: string): number | undefined {
  const value = answer[member];
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
