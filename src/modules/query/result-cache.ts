import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CacheService } from '../../cache/cache.service';
import { RawJson, type Row } from '../../drivers/cell';
import { SettingsService } from '../settings/settings.service';
import type { QueryOutcome } from './query-result';
import type { Run } from './run';

/** Larger results are not worth keeping: reading them back costs as much as asking again. */
const MAX_CACHED_ROWS = 10_000;

interface CachedOutcome {
  readonly columns: QueryOutcome['columns'];
  readonly rows: readonly Row[];
  readonly truncated: boolean;
}

/**
 * Results of earlier runs. The key is everything a result depends on: the revision of the connection, the statement as
 * it is sent, its parameters and the limit. The statement is looked up after the decision, so that nobody reads here
 * what they may not ask for.
 */
@Injectable()
export class ResultCache {
  constructor(
    private readonly cache: CacheService,
    private readonly settings: SettingsService,
  ) {}

  async find(run: Run): Promise<QueryOutcome | null> {
    const text = await this.cache.get('query', keyOf(run));
    if (text === null) return null;
    const { columns, rows, truncated } = JSON.parse(text, reviveCell) as CachedOutcome;
    return { columns, rows, truncated, affectedRows: null };
  }

  async keep(run: Run, { columns, rows, truncated }: QueryOutcome): Promise<void> {
    if (rows.length > MAX_CACHED_ROWS) return;
    const text = JSON.stringify({ columns, rows, truncated } satisfies CachedOutcome, replaceCell);
    await this.cache.set('query', keyOf(run), text, await this.settings.get('cache_ttl_seconds'));
  }
}

function keyOf({ connection, text, values, limits }: Run): string {
  const key = JSON.stringify([connection.id, connection.revision, text, values, limits.maxRows]);
  return createHash('sha256').update(key).digest('hex');
}

const RAW = '\u0001raw';

function replaceCell(_: string, value: unknown): unknown {
  return value instanceof RawJson ? { [RAW]: value.text } : value;
}

function reviveCell(_: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && RAW in value) return new RawJson(value[RAW] as string);
  return value;
}
