import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Dialect } from '../../common/dialect';
import { maxStatementBytes } from '../check-text';
import { normaliseMongodb } from './normalise-mongodb';
import { normaliseMysql } from './normalise-mysql';
import { normalisePostgresql } from './normalise-postgresql';
import { normaliseSqlite } from './normalise-sqlite';

/** What a record may say of a statement whatever its constants are. */
export interface NormalStatement {
  /** In one line, without comments, constants replaced; `null` where the text could not be read. */
  readonly text: string | null;
  /** Of the text as it was written (UTF-8), in hexadecimal. */
  readonly sha256: string;
}

const dialects: Readonly<Record<Dialect, (text: string) => string>> = {
  postgresql: normalisePostgresql,
  mysql: normaliseMysql,
  sqlite: normaliseSqlite,
  mongodb: normaliseMongodb,
};

const maxCacheBytes = 8 * 1024 * 1024;

const cache = new LRUCache<string, NormalStatement>({
  maxSize: maxCacheBytes,
  maxEntrySize: maxCacheBytes / 64,
  sizeCalculation: ({ text }, key) => 300 + 2 * key.length + 2 * (text?.length ?? 0),
});

/**
 * The statement with its constants replaced: strings, numbers, and in MongoDB all values. Names, parameters, TRUE, FALSE and
 * NULL stay. For texts that `analyse` has read: what its grammar did not take may hold anything anywhere. Fails closed:
 * whatever goes wrong gives the hash alone.
 */
export function normaliseStatement(dialect: Dialect, text: string): NormalStatement {
  const key = `${dialect}\n${text}`;
  const known = cache.get(key);
  if (known) return known;
  const statement = Object.freeze({ text: normalised(dialect, text), sha256: hash('sha256', text) });
  cache.set(key, statement);
  return statement;
}

function normalised(dialect: Dialect, text: string): string | null {
  if (text.length > maxStatementBytes) return null;
  try {
    return dialects[dialect](text);
  } catch {
    return null;
  }
}
