import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { ClientBase } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';

const RETRY_MS = 1000;

/** Seed of the lock keys, so that they collide with no other lock of the service. */
const SEED = 4_270_615;

/**
 * The identity of this process among its replicas. While it lives, a session holds an advisory lock on its id: whose
 * lock is free is dead, whatever took it down.
 */
@Injectable()
export class Instance implements OnModuleInit, BeforeApplicationShutdown {
  readonly id = randomUUID();
  private readonly logger = new Logger(Instance.name);
  private runner: QueryRunner | null = null;
  private closed = false;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async onModuleInit(): Promise<void> {
    await this.hold();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    const runner = this.runner;
    this.runner = null;
    await runner?.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    await runner?.release();
  }

  /** Which of the given instances no longer live. */
  async deadAmong(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    // Transaction locks: taken only to see that they are free, and gone with the statement.
    const rows: { id: string; free: boolean }[] = await this.dataSource.query(
      `SELECT id, pg_try_advisory_xact_lock(hashtextextended(id::text, $2)) AS free FROM unnest($1::uuid[]) AS id`,
      [ids.filter((id) => id !== this.id), SEED],
    );
    return rows.filter(({ free }) => free).map(({ id }) => id);
  }

  private async hold(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    const client = (await runner.connect()) as ClientBase;
    await client.query('SELECT pg_advisory_lock_shared(hashtextextended($1, $2))', [this.id, SEED]);
    client.once('end', () => this.lost(runner));
    client.once('error', () => this.lost(runner));
    this.runner = runner;
  }

  private lost(runner: QueryRunner): void {
    if (this.closed || this.runner !== runner) return;
    this.runner = null;
    void this.regain();
  }

  private async regain(): Promise<void> {
    if (this.closed) return;
    try {
      await this.hold();
    } catch (error) {
      this.logger.warn({ err: error }, 'the lock that shows this process is alive is not held');
      setTimeout(() => void this.regain(), RETRY_MS).unref();
    }
  }
}
