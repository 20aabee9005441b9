import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { withClusterLock } from '../../database/cluster-lock';
import { Instance } from '../../database/instance';
import { bySystem } from './audit-event';
import { AuditService } from './audit.service';
import { chainLockKey } from './chain/chain-lock';
import { readTail } from './chain/read-tail';
import { saveSegments } from './chain/save-segments';
import { AuditOutbox } from './outbox';

const EVERY_MS = 15_000;
/** A living process whose lock was lost with its session has it again within this, in milliseconds. */
const CONFIRM_MS = 5_000;

/** Finishes what dead processes left: closes their chains, and links the records of their last changes. */
@Injectable()
export class ChainKeeperJob implements OnApplicationBootstrap {
  private readonly logger = new Logger(ChainKeeperJob.name);
  /** Records in the outbox that nobody with the key has written. */
  private foreign: readonly string[] = [];

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly outbox: AuditOutbox,
    private readonly audit: AuditService,
  ) {}

  get foreignRecords(): readonly string[] {
    return this.foreign;
  }

  onApplicationBootstrap(): void {
    void this.run();
  }

  @Interval(EVERY_MS)
  async run(): Promise<void> {
    try {
      await withClusterLock(this.dataSource, 'audit_chains', async () => {
        await this.closeDead();
        const { foreign } = await this.outbox.sweep();
        if (foreign.length > this.foreign.length) {
          this.logger.error(
            { records: foreign },
            'the outbox of the record holds what this service never wrote',
          );
        }
        this.foreign = foreign;
      });
    } catch (error) {
      this.logger.warn({ err: error }, 'what dead processes left on record could not be finished');
    }
  }

  /** @returns ids of the chains that were closed */
  async closeDead(confirmMs: number = CONFIRM_MS): Promise<string[]> {
    const open: { id: string; instance_id: string }[] = await this.dataSource.query(
      'SELECT id, instance_id FROM audit_chains WHERE closed_at IS NULL AND instance_id <> $1',
      [this.instance.id],
    );
    const suspects = await this.instance.deadAmong([...new Set(open.map((chain) => chain.instance_id))]);
    if (suspects.length === 0) return [];
    await sleep(confirmMs, undefined, { ref: false });
    const dead = new Set(await this.instance.deadAmong(suspects));
    const closed: string[] = [];
    for (const { id } of open.filter((chain) => dead.has(chain.instance_id))) {
      if (await this.dataSource.transaction((manager) => this.close(manager, id))) closed.push(id);
    }
    return closed;
  }

  /**
   * Reads what no segment covers, sees that it is linked, and closes the chain where that ends. Under the lock of the
   * chain: its last commit is over, and its process, should it live after all, begins a new one.
   */
  private async close(manager: EntityManager, id: string): Promise<boolean> {
    const [lock]: { taken: boolean }[] = await manager.query(
      `SELECT pg_try_advisory_xact_lock(${chainLockKey('$1')}) AS taken`,
      [id],
    );
    if (!lock?.taken) return false;
    const tail = await readTail(manager, id);
    await saveSegments(manager, tail.segments);
    await manager.query(
      'UPDATE audit_chains SET closed_at = clock_timestamp(), closed_seq = $2 WHERE id = $1',
      [id, tail.lastSeq],
    );
    if (tail.brokenAt !== null) {
      this.logger.error({ chain: id, seq: tail.brokenAt }, 'the record was changed outside of the service');
      await this.audit.recordIn(manager, {
        ...bySystem,
        action: 'audit.chain_broken',
        resourceType: 'audit_chain',
        resourceId: id,
        result: 'failure',
        details: { seq: tail.brokenAt },
      });
    }
    return true;
  }
}
