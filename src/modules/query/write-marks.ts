import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Principal } from '../../common/principal';
import { batchWrite, type BatchWrite } from '../../database/batch-statement';
import { Instance } from '../../database/instance';
import { ConnectionDirectory } from '../connections/connection-directory';
import { serverCountOf, type ConnectionRecord } from '../connections/connection-record';
import { Sources } from '../connections/sources.provider';
import type { JobReport } from '../jobs/job';
import { Jobs } from '../jobs/jobs.service';
import { SettingsService } from '../settings/settings.service';
import type { Run, Sight } from './run';
import {
  EVERYBODY,
  expireStatement,
  markInsert,
  settleStatements,
  sightQuery,
  type WriteMark,
} from './write-mark-statements';

const RETRY_MS = 1_000;
const MAX_ATTEMPTS = 120;
const LEASE_MS = 15_000;
/** Looks at the servers are a second apart, and take time. */
const MARGIN_SECONDS = 30;

/** No server has taken the write: there is nothing to be seen of it. */
const withoutEffect: ReadonlySet<ErrorCode> = new Set([
  'connection.no_primary',
  'connection.several_primaries',
]);

interface SightRow {
  readonly after: string[] | null;
  readonly unsettled: boolean;
  readonly lively: boolean;
}

/**
 * Lets every session and every key read what it has written, whichever replicas answer. A write through a connection with
 * replicas leaves a mark in the commit of its intent, and its credential reads from the primary. When it has ended, however,
 * the primary is asked how far it is, and from then on a replica may answer that is as far. Connections without replicas
 * have no marks.
 */
@Injectable()
export class WriteMarks implements BeforeApplicationShutdown {
  private readonly logger = new Logger(WriteMarks.name);
  private readonly ended = new Map<string, { record: ConnectionRecord; runIds: Set<string> }>();
  private readonly settling = new Map<string, Promise<void>>();
  private readonly stop = new AbortController();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly sources: Sources,
    private readonly directory: ConnectionDirectory,
    private readonly settings: SettingsService,
    jobs: Jobs,
  ) {
    jobs.register({
      name: 'write_marks',
      description: 'Deletes marks of writes that every replica has',
      everySeconds: 3_600,
      run: () => this.expire(),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.settling.values());
  }

  /** What a write adds to the commit of its intent. */
  atBegin(run: Run): BatchWrite[] {
    if (!isMarked(run)) return [];
    const mark: WriteMark = {
      runId: run.id,
      connectionId: run.connection.id,
      credentialId: credentialOf(run.caller.principal),
      instanceId: this.instance.id,
    };
    return [batchWrite(markInsert, mark)];
  }

  /** What a read may see; `null` where there is only one server to see. Never rejects: in doubt it is the primary. */
  sightOf(run: Run): Promise<Sight> | null {
    if (serverCountOf(run.connection) === 1 || run.facts.access === 'write') return null;
    return this.readSight(run).catch((error: unknown) => {
      this.logger.warn({ err: error, queryId: run.id }, 'what a session has written could not be read');
      return { after: null, quiet: false };
    });
  }

  /** To be called when a write has ended, however; nobody waits for what comes of it. */
  settle(run: Run, error?: unknown): void {
    if (!isMarked(run) || this.stop.signal.aborted) return;
    if (isAppError(error) && withoutEffect.has(error.code)) return void this.drop(run);
    this.settleMark(run.connection, run.id);
  }

  /**
   * A mark for everybody, as part of a change that rests on what was written to a connection past its runs.
   * @param manager of the transaction of the change
   * @returns to be called when that has ended
   */
  async markForAll(manager: EntityManager, connectionId: string): Promise<() => void> {
    const record = await this.directory.require(connectionId);
    if (serverCountOf(record) === 1) return () => undefined;
    const runId = randomUUID();
    const values = [[runId], [record.id], [EVERYBODY], [this.instance.id]];
    await manager.query(markInsert.sql, values);
    return () => this.settleMark(record, runId);
  }

  private settleMark(record: ConnectionRecord, runId: string): void {
    const known = this.ended.get(record.id);
    if (known) known.runIds.add(runId);
    else this.ended.set(record.id, { record, runIds: new Set([runId]) });
    if (!this.settling.has(record.id)) this.settling.set(record.id, this.settleAll(record.id));
  }

  async expire(): Promise<JobReport> {
    const [, deleted] = await this.dataSource.query<[unknown, number]>(expireStatement);
    return { deleted };
  }

  private async readSight({ connection, caller }: Run): Promise<Sight> {
    const own = connection.publicConfig.options?.maxReplicaLagMs;
    const lagMs = typeof own === 'number' ? own : await this.settings.get('max_replica_lag_ms');
    const [row] = await this.dataSource.query<SightRow[]>(sightQuery, [
      connection.id,
      credentialOf(caller.principal),
      lagMs / 1000 + MARGIN_SECONDS,
    ]);
    return {
      after: row?.unsettled === false ? (row.after ?? []) : null,
      quiet: row?.lively === false,
    };
  }

  private async settleAll(connectionId: string): Promise<void> {
    let failures = 0;
    for (
      let ended = this.ended.get(connectionId);
      ended && !this.stop.signal.aborted;
      ended = this.ended.get(connectionId)
    ) {
      const runIds = [...ended.runIds];
      if (await this.trySettle(ended.record, runIds)) {
        for (const id of runIds) ended.runIds.delete(id);
        if (ended.runIds.size === 0) this.ended.delete(connectionId);
        failures = 0;
      } else if (++failures === MAX_ATTEMPTS) {
        // What is left counts as under way until it expires: its credentials read from the primary.
        this.ended.delete(connectionId);
      } else
        await sleep(RETRY_MS, undefined, { ref: false, signal: this.stop.signal }).catch(() => undefined);
    }
    this.settling.delete(connectionId);
  }

  private async drop({ id }: Run): Promise<void> {
    try {
      await this.dataSource.query('DELETE FROM write_marks WHERE run_id = $1', [id]);
    } catch (error) {
      this.logger.warn({ err: error, queryId: id }, 'the mark of a write that was refused stays');
    }
  }

  private async trySettle(record: ConnectionRecord, runIds: readonly string[]): Promise<boolean> {
    try {
      const lease = await this.sources.lease(record, AbortSignal.timeout(LEASE_MS));
      try {
        const position = (await lease.source.written?.()) ?? null;
        if (position === null) return false;
        await this.dataSource.transaction(async (manager) => {
          const [update, tidy] = settleStatements;
          await manager.query(update, [runIds, position]);
          await manager.query(tidy, [runIds]);
        });
        return true;
      } finally {
        lease.release();
      }
    } catch (error) {
      this.logger.debug({ err: error, connectionId: record.id }, 'the primary did not tell how far it is');
      return false;
    }
  }
}

function isMarked({ connection, facts }: Pick<Run, 'connection' | 'facts'>): boolean {
  return facts.access === 'write' && serverCountOf(connection) > 1;
}

/** Exactly one of the two is there; a principal of the service itself is its own. */
function credentialOf({ sessionId, apiKeyId, userId }: Principal): string {
  return sessionId ?? apiKeyId ?? userId;
}
