import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { roundedMs } from '../../common/rounded-ms';
import { batchWrite } from '../../database/batch-statement';
import { GroupCommit } from '../../database/group-commit';
import { bySystem } from '../audit/audit-event';
import { auditInsert } from '../audit/audit-insert';
import type { RunOutcome } from './run';

const EVERY_MS = 1000;
const MAX_RUNS = 500;

/** How a run that succeeded ended, as the record has it. */
interface OutcomeNote {
  readonly id: string;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly ms: number;
  readonly truncated: boolean | null;
  readonly cached: boolean;
}

/**
 * Puts the outcomes of runs that succeeded into the chain, those of a second in one record (`query.outcomes`): a record
 * for each would cost every statement another row. History has each outcome with the next commit; failures have
 * records of their own.
 */
@Injectable()
export class OutcomeBundle implements BeforeApplicationShutdown {
  private readonly logger = new Logger(OutcomeBundle.name);
  private runs: OutcomeNote[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly groupCommit: GroupCommit) {}

  add({ id, rowCount, bytes, executionTimeMs, truncated, cached }: RunOutcome): void {
    this.runs.push({
      id,
      rows: rowCount,
      bytes,
      ms: roundedMs(executionTimeMs),
      truncated,
      cached,
    });
    if (this.runs.length >= MAX_RUNS) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), EVERY_MS).unref();
  }

  /** Settles when what was added so far is durable, or could not be made so. */
  async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const { runs } = this;
    this.runs = [];
    if (runs.length === 0) return;
    const event = {
      ...bySystem,
      action: 'query.outcomes',
      resourceType: 'run',
      result: 'success',
      details: { runs },
    } as const;
    try {
      await this.groupCommit.writeLater([batchWrite(auditInsert, event)]);
    } catch (error) {
      this.logger.error({ err: error, runs: runs.length }, 'outcomes could not be put on record');
    }
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.flush();
  }
}
