import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type {
  DataSource,
  EntityManager,
  EntitySubscriberInterface,
  QueryRunner,
  TransactionCommitEvent,
  TransactionRollbackEvent,
} from 'typeorm';
import { AppError } from '../../common/app-error';
import { batchWrite } from '../../database/batch-statement';
import { GroupCommit } from '../../database/group-commit';
import type { AuditEvent } from './audit-event';
import { auditInsert } from './audit-insert';
import { recordOf, type CanonicalRecord } from './chain/audit-record';
import { ChainWriter } from './chain/chain.writer';
import { AuditOutbox } from './outbox';

/** Records what happens. Who needs the record to be durable awaits it; both ways reject when it is not. */
@Injectable()
export class AuditService implements EntitySubscriberInterface {
  private readonly logger = new Logger(AuditService.name);
  private readonly pending = new WeakMap<QueryRunner, CanonicalRecord[]>();

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly groupCommit: GroupCommit,
    private readonly outbox: AuditOutbox,
    // Without it nothing is linked, so nothing could be recorded.
    _writer: ChainWriter,
  ) {
    dataSource.subscribers.push(this);
  }

  /**
   * Writes the record in the transaction that makes the change: both become durable, or neither. It gets its place in
   * the chain when the transaction has committed, before whoever waits for that goes on.
   */
  async recordIn(manager: EntityManager, event: AuditEvent): Promise<void> {
    const { queryRunner } = manager;
    if (!queryRunner?.isTransactionActive) throw new Error('a change is recorded in its transaction');
    const record = recordOf(event);
    try {
      await this.outbox.put(manager, record);
    } catch (error) {
      throw new AppError('audit.unavailable', undefined, { cause: error, retryAfterSeconds: 1 });
    }
    const pending = this.pending.get(queryRunner);
    if (pending) pending.push(record);
    else this.pending.set(queryRunner, [record]);
  }

  /** Writes a record of something that changes nothing in the system database; durable when it resolves. */
  async record(event: AuditEvent): Promise<void> {
    await this.groupCommit.write([batchWrite(auditInsert, event)]);
  }

  async afterTransactionCommit({ queryRunner }: TransactionCommitEvent): Promise<void> {
    const records = this.pending.get(queryRunner);
    // A savepoint that is released is no commit yet.
    if (!records || queryRunner.isTransactionActive) return;
    this.pending.delete(queryRunner);
    try {
      await this.outbox.link(records);
    } catch (error) {
      // The records are durable where they are; the sweep links them later.
      this.logger.warn({ err: error }, 'records of a change are not linked yet');
    }
  }

  afterTransactionRollback({ queryRunner }: TransactionRollbackEvent): void {
    if (!queryRunner.isTransactionActive) this.pending.delete(queryRunner);
  }
}
