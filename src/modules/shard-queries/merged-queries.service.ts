import { Injectable } from '@nestjs/common';
import { AuditService } from '../audit/audit.service';
import { byCaller } from '../audit/audit-event';
import { collectResult } from '../query/collect-result';
import type { ConditionalCaller } from '../query/conditional-caller';
import type { QueryRequestBody } from '../query/query-request';
import { RunRecorder } from '../query/run-recorder';
import { StreamWriter, type StreamTarget } from '../query/stream/stream-writer';
import type { StreamOutput } from '../query/stream/stream-output';
import type { Route } from '../shards/route';
import { codeOfRefusal, maskedAnywhere, mergedHead } from './merged-answer';
import type { MissingShard } from './missing-shard';
import { ScatterService, type ScatterRequest, type Scattered } from './scatter.service';
import type { ShardAnswer } from './shard-answer';

/** A question to all shards of a group. */
export interface MergedQuestion {
  readonly caller: ConditionalCaller;
  readonly query: QueryRequestBody;
  readonly group: string;
  readonly route: Extract<Route, { kind: 'all' }>;
  readonly partial: boolean;
}

/** Answers over all shards, collected or streamed. */
@Injectable()
export class MergedQueriesService {
  constructor(
    private readonly scatter: ScatterService,
    private readonly recorder: RunRecorder,
    private readonly audit: AuditService,
  ) {}

  async collect(question: MergedQuestion, client: AbortController): Promise<ShardAnswer> {
    const scattered = await this.scatter.run(requestOf(question, client), ({ cursor, maxRows }) =>
      collectResult(cursor, maxRows, 'read', question.query.rowMode),
    );
    const { result: outcome, flights, missing, executionTimeMs } = scattered;
    const head = mergedHead(flights, missing, true);
    await this.recordMissing(question, scattered);
    return {
      head: { ...head, executionTimeMs, cached: false, maskedColumns: maskedAnywhere(flights) },
      outcome,
    };
  }

  /** The outcome of every run is durable before the end of the stream is sent. */
  async stream(question: MergedQuestion, output: StreamOutput, target: StreamTarget): Promise<void> {
    const writer = await StreamWriter.load(output, target);
    const query = { ...question.query, streamed: true };
    try {
      const scattered = await this.scatter.run(
        requestOf({ ...question, query }, target.client),
        ({ cursor, flights, missing, maxRows, signal }) => {
          const { partial, queryId, metadata } = mergedHead(flights, missing, false);
          const about = { queryId, metadata: { ...metadata, ...(partial !== undefined && { partial }) } };
          const masked = () => maskedAnywhere(flights);
          return writer.pump(cursor, { ...about, masked, schemaless: false, maxRows }, signal);
        },
      );
      await this.recordMissing(question, scattered);
      await Promise.all([scattered.recorded, this.recorder.settled()]);
      await writer.end(scattered.result, scattered.executionTimeMs);
    } catch (error) {
      await writer.breakOff(error, () => this.recorder.settled());
    }
  }

  /** Durable before the answer: that it was not whole is part of what happened. */
  private async recordMissing(
    { caller, group }: MergedQuestion,
    { missing, flights }: Pick<Scattered<unknown>, 'missing' | 'flights'>,
  ): Promise<void> {
    if (!missing || missing.length === 0) return;
    await this.audit.record({
      ...byCaller(caller),
      action: 'shard.partial_answer',
      resourceType: 'shard_group',
      resourceId: group,
      result: 'partial',
      details: { queryIds: flights.map(({ run }) => run.id), missingShards: missing },
    });
  }
}

function requestOf(
  { caller, query, route, partial }: MergedQuestion,
  client: AbortController,
): ScatterRequest {
  const away = route.away.map(({ shardId, reason }): MissingShard => ({
    shardId,
    code: codeOfRefusal(reason),
  }));
  return { caller, query, shards: route.shards, missing: partial ? away : null, client };
}
