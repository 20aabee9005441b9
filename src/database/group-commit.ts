import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { ClientBase } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { AppError } from '../common/app-error';
import type { BatchCheck, BatchQuestion, BatchWrite } from './batch-statement';
import { combineBatches } from './combine-batches';

/**
 * Stamps the writes of each commit just before they are sent, and is told which commits happened. Commits of one
 * process come one after another, so a witness can number what it stamps.
 */
export interface CommitWitness {
  /** On every new session, before anything is written with it: what became of the last commit may be unknown. */
  attach(client: ClientBase): Promise<void>;
  stamp(writes: readonly BatchWrite[]): readonly BatchWrite[];
  committed(): void;
}

/** A check that holds, or the answer to a question. */
interface BatchAnswer {
  readonly part: string;
  readonly key: string;
}

interface Waiting {
  readonly writes: readonly BatchWrite[];
  readonly checks: readonly BatchCheck[];
  readonly questions: readonly BatchQuestion[];
  readonly resolve: (answers: readonly (string | null)[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests waiting above this are refused: a record that cannot be written must stop the work, not fill the memory. */
const MAX_WAITING = 10_000;
const MAX_BATCH = 500;
/** Longest wait of a write that nobody waits for. */
const LATER_MS = 25;
const SESSION_ATTEMPTS = 3;
/**
 * The statements are planned once and kept, and that may be while the tables are empty: then a scan of the whole table
 * looks cheapest, and stays when it has a million rows. Only look-ups by index are right here, at any size. Without
 * `force_generic_plan` they would be planned anew for each commit, because a plan for few rows looks cheaper than the
 * one for any number; and costs that mean nothing must not start the compiler.
 */
const SESSION_SETTINGS = `SET synchronous_commit = on; SET enable_seqscan = off; SET enable_hashjoin = off;
  SET enable_mergejoin = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off`;

/**
 * Makes small writes of many requests durable together. One session a process: while a commit is under way the next
 * writes collect, and they are committed at once when it returns. What somebody waits for never waits on a timer, so a
 * lone write is as fast as a commit is; what nobody waits for rides along (docs/performance.md).
 */
@Injectable()
export class GroupCommit implements BeforeApplicationShutdown {
  private waiting: Waiting[] = [];
  /** Written with the next commit there is, or by the timer. */
  private later: Waiting[] = [];
  private timer: NodeJS.Timeout | null = null;
  private flushing: Promise<void> | null = null;
  private runner: QueryRunner | null = null;

  /** Told of every commit with the number of requests in it. */
  onCommit: ((requests: number) => void) | null = null;
  witness: CommitWitness | null = null;
  /** Told of what made a commit fail; a commit whose cause was repaired is tried once more. */
  repair: ((error: unknown) => Promise<boolean>) | null = null;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Requests whose records are not in a commit yet. */
  get waitingRequests(): number {
    return this.waiting.length + this.later.length;
  }

  /**
   * Resolves once all `writes` are committed together and all `checks` held at that moment.
   * @returns what the `questions` gave at that moment, in their order; `null` where there was no answer
   * @throws AppError `audit.unavailable` when they could not be made durable, or the error of the check that failed
   */
  write(
    writes: readonly BatchWrite[],
    checks: readonly BatchCheck[] = [],
    questions: readonly BatchQuestion[] = [],
  ): Promise<readonly (string | null)[]> {
    if (this.waiting.length >= MAX_WAITING) {
      return Promise.reject(new AppError('audit.unavailable', undefined, { retryAfterSeconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ writes, checks, questions, resolve, reject });
      this.start();
    });
  }

  /**
   * For what nobody waits for: committed with the next `write`, or after some milliseconds. A commit of its own for
   * each would make whoever comes next wait for it.
   * @throws AppError `audit.unavailable`, as `write`
   */
  writeLater(writes: readonly BatchWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.later.push({ writes, checks: [], questions: [], resolve: () => resolve(), reject });
      if (this.later.length >= MAX_BATCH) this.start();
      else this.timer ??= setTimeout(() => this.start(), LATER_MS);
    });
  }

  /** Resolves when everything handed over so far is committed or refused, whatever comes after it. */
  async settled(): Promise<void> {
    if (this.flushing || this.later.length > 0) await this.write([]);
  }

  private start(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.flushing ??= this.flushAll();
  }

  async beforeApplicationShutdown(): Promise<void> {
    // Whoever handed a record over has its own answer when it cannot be written.
    await this.settled().catch(() => undefined);
    await this.dropSession();
  }

  private async flushAll(): Promise<void> {
    // Everything of this turn of the event loop shares the first commit.
    await Promise.resolve();
    do {
      // What may wait goes first: it was handed over before, or it does not matter.
      await this.flush([...this.later.splice(0), ...this.waiting.splice(0, MAX_BATCH)]);
    } while (this.waiting.length > 0);
    this.flushing = null;
    // The timer may have fired while the last commit was under way.
    if (this.later.length > 0) this.timer ??= setTimeout(() => this.start(), LATER_MS);
  }

  private async flush(batch: readonly Waiting[], mayRepair = true): Promise<void> {
    let answers: readonly BatchAnswer[];
    try {
      answers = await this.commit(batch);
    } catch (error) {
      await this.dropSession();
      if (mayRepair && (await this.repair?.(error).catch(() => false))) {
        await this.flush(batch, false);
        return;
      }
      // One bad row must not take its neighbours with it: alone, each gets its own verdict.
      if (batch.length > 1 && isDataError(error)) {
        for (const one of batch) await this.flush([one], false);
        return;
      }
      const refusal = new AppError('audit.unavailable', undefined, { cause: error, retryAfterSeconds: 1 });
      for (const { reject } of batch) reject(refusal);
      return;
    }
    const holding = new Set(answers.map(({ part, key }) => `${part} ${key}`));
    const known = new Map(answers.map(answerOf));
    for (const { checks, questions, resolve, reject } of batch) {
      const failed = checks.find(({ statement, key }) => !holding.has(`${statement.name} ${key}`));
      if (failed) reject(new AppError(failed.error));
      else resolve(questions.map(({ statement, asked }) => known.get(`${statement.name} ${asked}`) ?? null));
    }
  }

  private async commit(batch: readonly Waiting[]): Promise<readonly BatchAnswer[]> {
    const writes = batch.flatMap((one) => one.writes);
    const reads = batch.flatMap((one) => [...one.checks, ...one.questions]);
    if (writes.length + reads.length === 0) return [];
    const client = await this.session();
    const statement = combineBatches(this.witness?.stamp(writes) ?? writes, reads);
    const { rows } = await client.query<BatchAnswer>(statement);
    this.witness?.committed();
    this.onCommit?.(batch.length);
    return rows;
  }

  private async session(): Promise<ClientBase> {
    // A runner whose session broke has released itself.
    if (this.runner?.isReleased) this.runner = null;
    if (this.runner) return (await this.runner.connect()) as ClientBase;
    for (let attempt = 1; ; attempt++) {
      const runner = this.dataSource.createQueryRunner();
      try {
        const client = (await runner.connect()) as ClientBase;
        await client.query(SESSION_SETTINGS);
        await this.witness?.attach(client);
        this.runner = runner;
        return client;
      } catch (error) {
        await runner.query('SELECT pg_advisory_unlock_all(); RESET ALL').catch(() => undefined);
        await runner.release();
        // After a restart of the database the pool may still lend sessions that are gone: each try uses one up.
        if (attempt === SESSION_ATTEMPTS) throw error;
      }
    }
  }

  private async dropSession(): Promise<void> {
    const runner = this.runner;
    this.runner = null;
    // Whoever borrows the session next gets it without our locks and without our plans.
    await runner?.query('SELECT pg_advisory_unlock_all(); RESET ALL').catch(() => undefined);
    await runner?.release().catch(() => undefined);
  }
}

/** What was asked, and the answer behind the first space. */
function answerOf({ part, key }: BatchAnswer): [string, string] {
  const end = key.indexOf(' ');
  return end < 0 ? [`${part} ${key}`, ''] : [`${part} ${key.slice(0, end)}`, key.slice(end + 1)];
}

/** SQLSTATE class 22 (data) and 23 (constraint): the fault of a row, not of the database. */
function isDataError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && (code.startsWith('22') || code.startsWith('23'));
}
