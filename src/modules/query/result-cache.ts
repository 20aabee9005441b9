import { hash, randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { CacheService } from '../../cache/cache.service';
import { SignalBus } from '../../database/signal-bus';
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

/** A write went through the gate: whatever was read from this connection before may be out of date. */
const WRITTEN = 'query.written';
/** Generations outlive every result that was kept under an earlier one. */
const GENERATION_MARGIN_SECONDS = 60;

/** The place of one result. */
export interface CacheSlot {
  find(): Promise<QueryOutcome | null>;
  keep(outcome: QueryOutcome): Promise<void>;
}

/**
 * Results of earlier runs. The key is everything a result depends on: the revision of the connection, the statement as
 * it is sent, its parameters, the limit, and what was written through the gate before. The statement is looked up
 * after the decision, so that nobody reads here what they may not ask for.
 */
@Injectable()
export class ResultCache {
  private readonly logger = new Logger(ResultCache.name);

  constructor(
    private readonly cache: CacheService,
    private readonly settings: SettingsService,
    private readonly signals: SignalBus,
  ) {
    signals.on(WRITTEN, (connectionId) => void this.renew(connectionId));
  }

  /** To be taken before the database is asked: what is read after a write began is not kept as older than it. */
  async slotOf(run: Run): Promise<CacheSlot> {
    const generation = await this.cache.get('query', generationId(run.connection.id));
    const id = keyOf(run, generation);
    return {
      find: async () => {
        const text = await this.cache.get('query', id);
        if (text === null) return null;
        const { columns, rows, truncated } = JSON.parse(text, reviveCell) as CachedOutcome;
        return { columns, rows, truncated, affectedRows: null };
      },
      keep: async ({ columns, rows, truncated }) => {
        if (rows.length > MAX_CACHED_ROWS) return;
        const text = JSON.stringify({ columns, rows, truncated } satisfies CachedOutcome, replaceCell);
        await this.cache.set('query', id, text, await this.settings.get('cache_ttl_seconds'));
      },
    };
  }

  /** Forgets what was read from a connection, on every replica. */
  async forget(connectionId: string): Promise<void> {
    await this.renew(connectionId);
    try {
      await this.signals.announce(WRITTEN, connectionId);
    } catch (error) {
      this.logger.warn({ err: error, connectionId }, 'other replicas may keep results from before a write');
    }
  }

  private async renew(connectionId: string): Promise<void> {
    try {
      const ttl = (await this.settings.get('cache_ttl_seconds')) + GENERATION_MARGIN_SECONDS;
      await this.cache.set('query', generationId(connectionId), randomUUID(), ttl);
    } catch (error) {
      this.logger.warn({ err: error, connectionId }, 'results from before a write may be kept');
    }
  }
}

function generationId(connectionId: string): string {
  return `generation:${connectionId}`;
}

function keyOf({ connection, plan, values, limits }: Run, generation: string | null): string {
  return hash(
    'sha256',
    JSON.stringify([
      connection.id,
      connection.revision,
      connection.policyEpoch,
      generation,
      plan.text,
      plan.expects,
      values,
      limits.maxRows,
    ]),
  );
}

const RAW = '\u0001raw';

function replaceCell(_: string, value: unknown): unknown {
  if (value instanceof RawJson) return { [RAW]: value.text };
  // JSON.stringify drops the sign.
  return Object.is(value, -0) ? { [RAW]: '-0' } : value;
}

function reviveCell(_: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && RAW in value) return new RawJson(value[RAW] as string);
  return value;
}
