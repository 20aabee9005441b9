import { LRUCache } from 'lru-cache';
import { checkText } from './check-text';
import type { Dialect } from '../common/dialect';
import type { Analysis, StatementFacts } from './facts';
import { analyseMongodb } from './mongodb/analyse-mongodb';
import { analyseMysql } from './mysql/analyse-mysql';
import { closeParser } from './mysql/parse-in-worker';
import { analysePostgresql } from './postgresql/analyse-postgresql';
import { Refused } from './refused';
import { analyseSqlite } from './sqlite/analyse-sqlite';

const dialects: Readonly<Record<Dialect, (text: string) => StatementFacts | Promise<StatementFacts>>> = {
  postgresql: analysePostgresql,
  mysql: analyseMysql,
  sqlite: analyseSqlite,
  mongodb: analyseMongodb,
};

/** Bytes of statements and facts kept; an entry of a short statement is about a kilobyte. */
const maxCacheBytes = 16 * 1024 * 1024;
/** Estimated bytes of one reference in the facts, and of an entry around them. */
const referenceBytes = 200;
const entryBytes = 500;

const cache = new LRUCache<string, Analysis>({
  maxSize: maxCacheBytes,
  // A few giant statements must not push out everything else.
  maxEntrySize: maxCacheBytes / 64,
  sizeCalculation: (analysis, key) =>
    entryBytes +
    2 * key.length +
    (analysis.ok
      ? referenceBytes * (analysis.facts.relations.length + analysis.facts.functions.length)
      : 2 * analysis.refusal.detail.length),
});

/** Cached values are shared by all callers. */
function freeze(analysis: Analysis): Analysis {
  if (analysis.ok) {
    const { relations, functions } = analysis.facts;
    for (const reference of [...relations, ...functions]) Object.freeze(reference);
    Object.freeze(relations);
    Object.freeze(functions);
    Object.freeze(analysis.facts);
  } else Object.freeze(analysis.refusal);
  return Object.freeze(analysis);
}

/** What was refused for want of time or of a parser may be accepted the next time. */
const isLasting = (analysis: Analysis): boolean =>
  analysis.ok || analysis.refusal.code !== 'service.unavailable';

const tooDeep: Analysis = {
  ok: false,
  refusal: { code: 'query.too_complex', detail: 'The statement nests too deeply' },
};

async function analyseText(dialect: Dialect, text: string): Promise<Analysis> {
  try {
    return { ok: true, facts: await dialects[dialect](text) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: error.refusal };
    // The walkers bound their depth, but not how deep the stack already is that they were called on.
    if (error instanceof RangeError) return tooDeep;
    throw error;
  }
}

/**
 * What a statement is and touches, by a real grammar of its dialect; whatever the grammar or the walk over its tree
 * does not know is refused with the construct named. A function of the text alone: no database is asked.
 *
 * @throws Error only for a bug of ours
 */
export async function analyse(dialect: Dialect, text: string): Promise<Analysis> {
  try {
    checkText(text);
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: error.refusal };
    throw error;
  }
  const key = `${dialect}\n${text}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const analysis = freeze(await analyseText(dialect, text));
  if (isLasting(analysis)) cache.set(key, analysis);
  return analysis;
}

/** Ends the worker of the MySQL grammar and forgets what is cached; the next analysis starts it again. */
export async function closeAnalysis(): Promise<void> {
  cache.clear();
  await closeParser();
}
