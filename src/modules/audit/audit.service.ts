import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import { batchWrite } from '../../database/batch-statement';
import { GroupCommit } from '../../database/group-commit';
import type { AuditEvent } from './audit-event';
import { auditInsert } from './audit-insert';

/** Records what happens. Who needs the record to be durable awaits it; both ways reject when it is not. */
@Injectable()
export class AuditService {
  constructor(private readonly groupCommit: GroupCommit) {}

  /** Writes the record in the transaction that makes the change: both become durable, or neither. */
  async recordIn(manager: EntityManager, event: AuditEvent): Promise<void> {
    try {
      await manager.query(
        auditInsert.sql,
        auditInsert.columns.map((column) => [column(event) ?? null]),
      );
    } catch (error) {
      throw new AppError('audit.unavailable', undefined, { cause: error, retryAfterSeconds: 1 });
    }
  }

  /** Writes a record of something that changes nothing in the system database; durable when it resolves. */
  async record(event: AuditEvent): Promise<void> {
    await this.groupCommit.write([batchWrite(auditInsert, event)]);
  }
}
