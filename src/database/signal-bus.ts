import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { ClientBase, Notification } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

const CHANNEL = 'sluice';
const RECONNECT_MS = { first: 100, most: 5000 };

type Listener = (key: string) => void;

/**
 * Tells every replica that something changed, through LISTEN/NOTIFY of the system database. A signal sent in a
 * transaction arrives when that transaction commits, and not at all when it rolls back.
 *
 * Signals can be missed while the session is down: `isLive` is false then and nobody may trust a cache that signals
 * keep true; after a gap every listener of `onGap` is called.
 */
@Injectable()
export class SignalBus implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(SignalBus.name);
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly gapListeners = new Set<() => void>();
  private readonly published = new WeakMap<EntityManager, [topic: string, key: string][]>();
  private runner: QueryRunner | null = null;
  private retry: NodeJS.Timeout | null = null;
  private retryMs = RECONNECT_MS.first;
  private live = false;
  private closed = false;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  get isLive(): boolean {
    return this.live;
  }

  /**
   * Runs `work` in a transaction. What it publishes is heard on this replica before this resolves, so that whoever made
   * a change and asks at once what became of it is not answered out of a cache; the others hear it a moment later.
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const published: [topic: string, key: string][] = [];
    const result = await this.dataSource.transaction((manager) => {
      this.published.set(manager, published);
      return work(manager);
    });
    for (const [topic, key] of published) this.tell(topic, key);
    return result;
  }

  /** Sends `topic`/`key` to all replicas, this one included, when `manager`'s transaction commits. */
  async publish(manager: EntityManager, topic: string, key: string): Promise<void> {
    this.published.get(manager)?.push([topic, key]);
    await manager.query('SELECT pg_notify($1, $2)', [CHANNEL, JSON.stringify([topic, key])]);
  }

  /** Tells of what happened outside of the system database; heard here before this resolves. */
  async announce(topic: string, key: string): Promise<void> {
    this.tell(topic, key);
    await this.publish(this.dataSource.manager, topic, key);
  }

  on(topic: string, listener: Listener): void {
    const listeners = this.listeners.get(topic) ?? new Set();
    listeners.add(listener);
    this.listeners.set(topic, listeners);
  }

  onGap(listener: () => void): void {
    this.gapListeners.add(listener);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    this.live = false;
    if (this.retry) clearTimeout(this.retry);
    const runner = this.runner;
    this.runner = null;
    await runner?.query(`UNLISTEN ${CHANNEL}`).catch(() => undefined);
    await runner?.release();
  }

  private async listen(): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = (await runner.connect()) as ClientBase;
      client.on('notification', this.receive);
      client.once('end', () => this.lost(runner));
      client.once('error', () => this.lost(runner));
      await client.query(`LISTEN ${CHANNEL}`);
      this.runner = runner;
      this.live = true;
      this.retryMs = RECONNECT_MS.first;
    } catch (error) {
      await runner.release().catch(() => undefined);
      this.logger.warn({ err: error }, 'cannot listen for signals');
      this.retryLater();
    }
    for (const listener of this.gapListeners) listener();
  }

  private readonly receive = ({ payload }: Notification): void => {
    const [topic, key] = JSON.parse(payload ?? '[]') as [string?, string?];
    if (topic === undefined || key === undefined) return;
    this.tell(topic, key);
  };

  private tell(topic: string, key: string): void {
    for (const listener of this.listeners.get(topic) ?? []) listener(key);
  }

  private lost(runner: QueryRunner): void {
    if (this.closed || this.runner !== runner) return;
    this.runner = null;
    this.live = false;
    for (const listener of this.gapListeners) listener();
    this.retryLater();
  }

  private retryLater(): void {
    if (this.closed) return;
    this.retry = setTimeout(() => void this.listen(), this.retryMs);
    this.retry.unref();
    this.retryMs = Math.min(this.retryMs * 2, RECONNECT_MS.most);
  }
}
