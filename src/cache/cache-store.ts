/** Where cached text lies. A store that cannot answer says so by rejecting; the cache then goes without. */
export interface CacheStore {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlSeconds: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Rejects when the store cannot be used now. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
