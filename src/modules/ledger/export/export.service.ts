import { Inject, Injectable } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { AppError } from '../../../common/app-error';
import type { Caller } from '../../../common/principal';
import { SYSTEM_DATABASE, type SystemDatabase } from '../../../database/system-database';
import { auditConditions } from '../../audit/audit-conditions';
import { byCaller } from '../../audit/audit-event';
import { AuditService } from '../../audit/audit.service';
import { chosenLines } from './chosen-lines';
import { csvLines } from './csv-lines';
import type { ExportQuery } from './export-query.dto';
import { ledgerLines } from './ledger-lines';
import { openLedgerSession } from './ledger-session';

/** Each holds a session and a snapshot for as long as its reader takes. */
const MAX_AT_ONCE = 4;

/** Hands out the record, as far as somebody reads. */
@Injectable()
export class ExportService {
  private open = 0;

  constructor(
    @Inject(SYSTEM_DATABASE) private readonly database: SystemDatabase,
    private readonly audit: AuditService,
  ) {}

  /**
   * The export is on record before its first line is read.
   * @throws AppError `audit.export_busy`, `request.invalid`
   */
  async start(caller: Caller, query: ExportQuery): Promise<AsyncGenerator<string>> {
    const { format, afterRoot, ...filters } = query;
    const conditions = auditConditions(filters);
    const isChosen = conditions.values.length > 0;
    if (afterRoot !== undefined && (isChosen || format === 'csv')) {
      throw new AppError('request.invalid', '`afterRoot` goes with neither filters nor CSV');
    }
    if (this.open >= MAX_AT_ONCE)
      throw new AppError('audit.export_busy', undefined, { retryAfterSeconds: 5 });
    await this.audit.record({
      ...byCaller(caller),
      action: 'audit.export',
      resourceType: 'audit_log',
      result: 'success',
      details: { format, ...(afterRoot !== undefined && { afterRoot }), filters },
    });
    const lines = (client: ClientBase): AsyncGenerator<string> => {
      if (format === 'csv') return csvLines(client, conditions);
      return isChosen ? chosenLines(client, conditions) : ledgerLines(client, afterRoot ?? 0);
    };
    return this.read(lines);
  }

  private async *read(lines: (client: ClientBase) => AsyncGenerator<string>): AsyncGenerator<string> {
    this.open += 1;
    try {
      const client = await openLedgerSession(this.database.url);
      try {
        yield* lines(client);
      } finally {
        await client.end();
      }
    } finally {
      this.open -= 1;
    }
  }
}
