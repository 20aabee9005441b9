import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../common/principal';
import { driverFor } from '../../../drivers';
import type { Cursor } from '../../../drivers/driver';
import { Admission } from '../admission';
import type { QueryRequestBody } from '../query-request';
import type { Run, RunEnd } from '../run';
import { RunRecorder } from '../run-recorder';
import { StatementRunner } from '../statement-runner';
import type { StreamOutput } from './stream-output';
import { StreamWriter, type StreamTarget } from './stream-writer';

/** Passes results on as they come: the second consumer of cursors, beside the one that collects. */
@Injectable()
export class StreamService {
  constructor(
    private readonly admission: Admission,
    private readonly runner: StatementRunner,
    private readonly recorder: RunRecorder,
  ) {}

  /**
   * The same way to a database as any statement: authorise the door → analyse → decide → record → execute → finish. Only
   * reads are streamed. The outcome is durable before the end of the stream is sent; a failure never looks like an end.
   * @throws AppError for what fails before the first row; afterwards the stream itself tells, or breaks off
   */
  async stream(
    caller: Caller,
    request: QueryRequestBody,
    output: StreamOutput,
    target: StreamTarget,
  ): Promise<void> {
    const writer = await StreamWriter.load(output, target);
    const run = await this.admission.admit(caller, { ...request, onlyReads: true, streamed: true });
    target.onAdmitted?.(run);
    try {
      const { end, outcome, recorded } = await this.runner.carryOut(run, target.client, (signal) =>
        this.runner.withCursor(run, signal, (cursor) => this.pump(run, cursor, writer, signal), {
          streamed: true,
        }),
      );
      // What is not durable did not happen; `settled` has it written now rather than with the next commit.
      await Promise.all([recorded, this.recorder.settled()]);
      await writer.end(end, outcome.executionTimeMs);
    } catch (error) {
      await writer.breakOff(error, () => this.recorder.settled());
    }
  }

  private async pump(run: Run, cursor: Cursor, writer: StreamWriter, signal: AbortSignal): Promise<RunEnd> {
    const { id, connection, facts, limits } = run;
    const { capabilities } = (await driverFor(connection.type)).description;
    const about = {
      queryId: id,
      metadata: {
        connectionId: connection.id,
        engine: connection.type,
        statement: facts.kind,
        ...(run.servedBy && { source: run.servedBy }),
      },
      masked: () => run.plan.maskedColumns,
      schemaless: capabilities.schemaless,
      maxRows: limits.maxRows,
    };
    return writer.pump(cursor, about, signal);
  }
}
