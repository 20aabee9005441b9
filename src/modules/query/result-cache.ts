import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CacheService, type CacheLevel } from '../../cache/cache.service';
import { GroupCommit } from '../../database/group-commit';
import { Instance } from '../../database/instance';
import type { ConnectionRecord } from '../connections/connection-record';
import { SettingsService } from '../settings/settings.service';
import type { RowMode } from '../../drivers/row-layout';
import type { QueryOutcome } from './query-result';
import type { Run } from './run';
import { pack, unpack } from './stored-result';
import { placeOf } from './write-place';
import { raiseGeneration } from './write-statements';

const MIB = 1024 * 1024;

/** The place of one result. */
export interface CacheSlot {
  readonly key: string;
  find(): Promise<{ readonly value: QueryOutcome; readonly level: CacheLevel } | null>;
  keep(value: QueryOutcome): Promise<void>;
}

/**
 * Results of earlier runs. The key is everything a result depends on: the revision of the connection, its policies, the
 * statement as it is sent, its parameters, the limit, and what was written through the gate before (`write-statements.ts`).
 * The statement is looked up after the decision and the record, so that nobody reads here what they may not ask for.
 */
@Injectable()
export class ResultCache {
  constructor(
    private readonly cache: CacheService,
    private readonly settings: SettingsService,
    private readonly groupCommit: GroupCommit,
    private readonly instance: Instance,
  ) {}

  /** For data that changed otherwise than by a statement: what was read there before is not found any more. */
  async forget(connection: ConnectionRecord): Promise<void> {
    await this.groupCommit.write([raiseGeneration(placeOf(connection), this.instance.id)]);
  }

  /** `null` for what is neither looked up nor kept. */
  slotOf(run: Run, mode: RowMode): CacheSlot | null {
    const { caching } = run;
    if (caching === null || run.generation === null) return null;
    // Who writes now may be ahead of what replicas have.
    if (run.sight?.after === null) return null;
    const key = keyOf(run, mode);
    return {
      key,
      find: async () => {
        const hit = await this.cache.get('query', key, caching.maxAgeSeconds);
        return hit && { value: unpack(hit.bytes), level: hit.level };
      },
      keep: async (value) => {
        this.cache.resize((await this.settings.get('cache_memory_mib')) * MIB);
        this.cache.put('query', key, pack(value), caching.keepSeconds);
      },
    };
  }
}

function keyOf({ connection, generation, plan, values, limits, sight }: Run, mode: RowMode): string {
  return hash(
    'sha256',
    JSON.stringify([
      connection.id,
      connection.revision,
      connection.policyEpoch,
      generation,
      plan.text,
      plan.expects,
      plan.reads ?? null,
      values,
      limits.maxRows,
      mode,
      // What its credential has written itself, also while this process has not heard that it was.
      sight?.after ?? null,
    ]),
  );
}
