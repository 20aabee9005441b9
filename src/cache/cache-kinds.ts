/**
 * What is cached and for how long at most, in seconds. The kind is the prefix of the key, so that one kind can be read,
 * counted and dropped apart from the others. `excel` and `llm` are reserved: nothing is kept under them yet.
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

/**
 * Kinds that what may be asked is decided on. They stay in the process as objects and never go to Redis: only the system
 * database is believed about them.
 */
export type ObjectKind = 'schema' | 'session' | 'permissions' | 'settings';

/** Kinds that decide nothing: bytes, which Redis may hold as well. */
export type ByteKind = Exclude<CacheKind, ObjectKind>;

export function cacheKey(kind: CacheKind, id: string): string {
  return `sluice:${kind}:${id}`;
}
