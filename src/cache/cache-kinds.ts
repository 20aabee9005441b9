/**
 * What is cached and for how long at most, in seconds. The kind is the prefix of the key, so that one kind can be read,
 * counted and dropped apart from the others.
 */
export const cacheKinds = {
  query: 3600,
  schema: 86_400,
  session: 86_400,
  excel: 3600,
  llm: 7200,
  permissions: 1800,
  settings: 3600,
} as const;

export type CacheKind = keyof typeof cacheKinds;

export function cacheKey(kind: CacheKind, id: string): string {
  return `sluice:${kind}:${id}`;
}
