import { hash, randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { CacheService } from '../../cache/cache.service';
import { SignalBus } from '../../database/signal-bus';
import type { RowMode } from '../../drivers/row-layout';
import { SettingsService } from '../settings/settings.service';
import type { QueryOutcome } from './query-result';
import type { Run } from './run';

/** Larger results are not worth keeping: reading them back costs as much as asking again. */
const MAX_CACHED_ROWS = 10_000;

type CachedOutcome = Pick<QueryOutcome, 'columns' | 'count' | 'truncated'> & { readonly data: string };

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
  async slotOf(run: Run, mode: RowMode): Promise<CacheSlot> {
    const generation = await this.cache.get('query', generationId(run.connection.id));
    const id = keyOf(run, mode, generation);
    return {
      find: async () => {
        const text = await this.cache.get('query', id);
        if (text === null) return null;
        const { data, ...outcome } = JSON.parse(text) as CachedOutcome;
        return { ...outcome, data: Buffer.from(data), affectedRows: null };
      },
      keep: async ({ columns, data, count, truncated }) => {
        if (count > MAX_CACHED_ROWS) return;
        const text = JSON.stringify({
          columns,
          count,
          truncated,
          data: data.toString(),
        } satisfies CachedOutcome);
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

function keyOf(
  { connection, plan, values, limits, sight }: Run,
  mode: RowMode,
  generation: string | null,
): string {
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
      mode,
      // What its credential has written itself, also while this process has not heard that it was.
      sight?.after,
    ]),
  );
}
