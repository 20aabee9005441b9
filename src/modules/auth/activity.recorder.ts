import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import type { Principal } from '../../common/principal';

const AT_MOST_EVERY_MS = 60_000;
const COLLECT_MS = 1000;

/**
 * Writes down when sessions and keys were last used: at most once a minute each, many in one statement, and never
 * while a request waits.
 */
@Injectable()
export class ActivityRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ActivityRecorder.name);
  private readonly recent = new LRUCache<string, true>({ max: 50_000, ttl: AT_MOST_EVERY_MS });
  private sessions = new Set<string>();
  private apiKeys = new Set<string>();
  private timer: NodeJS.Timeout | null = null;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  touch({ sessionId, apiKeyId }: Principal): void {
    const id = sessionId ?? apiKeyId;
    if (id === undefined || this.recent.has(id)) return;
    this.recent.set(id, true);
    (sessionId ? this.sessions : this.apiKeys).add(id);
    this.timer ??= setTimeout(() => void this.flush(), COLLECT_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  private async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const { sessions, apiKeys } = this;
    this.sessions = new Set();
    this.apiKeys = new Set();
    try {
      if (sessions.size > 0) await this.write('user_sessions', 'last_activity_at', sessions);
      if (apiKeys.size > 0) await this.write('api_keys', 'last_used_at', apiKeys);
    } catch (error) {
      for (const id of [...sessions, ...apiKeys]) this.recent.delete(id);
      this.logger.warn({ err: error }, 'use of sessions and keys could not be written down');
    }
  }

  /** Rows that somebody else holds are skipped: whoever does is writing them, and waiting in turns would deadlock. */
  private async write(
    table: 'user_sessions' | 'api_keys',
    column: 'last_activity_at' | 'last_used_at',
    ids: ReadonlySet<string>,
  ): Promise<void> {
    await this.dataSource.query(
      `UPDATE ${table} SET ${column} = now()
       WHERE id IN (SELECT id FROM ${table} WHERE id = ANY($1::uuid[]) FOR UPDATE SKIP LOCKED)`,
      [[...ids]],
    );
  }
}
