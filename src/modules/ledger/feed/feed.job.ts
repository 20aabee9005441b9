import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { Metrics } from '../../../common/metrics';
import { Readiness } from '../../../common/readiness';
import { CONFIG, type Config } from '../../../config/config';
import { storedColumns, type StoredRecord } from '../../audit/chain/stored-record';
import { SinkPositions } from '../sinks/sink-positions';
import { feedTarget, type FeedTarget } from './feed-target';

const TICK_MS = 1000;
const BATCH = 200;
const SINK = 'feed';
/** Longer than a target may take. */
const LEASE_SECONDS = 20;
const BACKOFF_MS = { first: 2000, most: 60_000 };

interface Due {
  readonly id: string;
  readonly position: string;
}

/**
 * Sends every record to `AUDIT_FEED`, chain by chain, at least once: how far it is stands in the database, and is moved
 * when a batch has arrived. One replica at a time, by a lease and not by a session: a target that hangs takes nothing
 * from requests.
 */
@Injectable()
export class FeedJob {
  private readonly logger = new Logger(FeedJob.name);
  private readonly target: FeedTarget | null;
  private running: Promise<void> | null = null;
  private failure: string | null = null;
  private waitUntil = 0;
  private waitMs = BACKOFF_MS.first;
  private sent = 0;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'auditFeed'>,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly positions: SinkPositions,
    readiness: Readiness,
    metrics: Metrics,
  ) {
    this.target = config.auditFeed === null ? null : feedTarget(config.auditFeed);
    if (!this.target) return;
    readiness.add({ name: 'audit_feed', required: false, run: () => this.requireFed() });
    metrics.gauge('audit_feed_failing', '1 while records do not arrive at AUDIT_FEED', () =>
      this.failure === null ? 0 : 1,
    );
    metrics.gauge('audit_feed_sent_records', 'Records this replica has sent to AUDIT_FEED', () => this.sent);
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (!this.target || performance.now() < this.waitUntil) return;
    await this.run();
  }

  /** Sends what there is, unless another replica is at it. */
  async run(): Promise<void> {
    this.running ??= this.attempt().finally(() => {
      this.running = null;
    });
    await this.running;
  }

  private async attempt(): Promise<void> {
    try {
      if (!(await this.positions.lease(SINK, LEASE_SECONDS))) return;
      try {
        while (await this.sendSome()) await this.positions.extend(SINK, LEASE_SECONDS);
      } finally {
        await this.positions.release(SINK);
      }
      this.failure = null;
      this.waitMs = BACKOFF_MS.first;
    } catch (error) {
      if (this.failure === null) this.logger.error({ err: error }, 'records do not arrive at AUDIT_FEED');
      this.failure = (error as Error).message;
      this.waitUntil = performance.now() + this.waitMs;
      this.waitMs = Math.min(this.waitMs * 2, BACKOFF_MS.most);
    }
  }

  /** @returns whether there may be more */
  private async sendSome(): Promise<boolean> {
    const due: Due[] = await this.dataSource.query(
      `SELECT c.id, coalesce(s.position, 0) AS position FROM audit_chains c
       LEFT JOIN audit_sinks s ON s.sink = $1 AND s.chain_id = c.id
       WHERE (c.closed_seq IS NULL OR c.closed_seq > coalesce(s.position, 0))
         AND EXISTS (SELECT FROM audit_logs l WHERE l.chain_id = c.id AND l.chain_seq > coalesce(s.position, 0))
       ORDER BY c.started_at, c.id`,
      [SINK],
    );
    for (const { id, position } of due) {
      const rows: StoredRecord[] = await this.dataSource.query(
        `SELECT ${storedColumns} FROM audit_logs l WHERE chain_id = $1 AND chain_seq > $2 ORDER BY chain_seq LIMIT ${BATCH}`,
        [id, position],
      );
      await this.target!(rows);
      await this.positions.set(SINK, Number(rows.at(-1)!.chain_seq), id);
      this.sent += rows.length;
    }
    return due.length > 0;
  }

  private async requireFed(): Promise<void> {
    if (this.failure !== null) throw new Error('records do not arrive');
  }
}
