import { Injectable } from '@nestjs/common';
import { Metrics } from '../../common/metrics';
import type { ConnectionRecord } from '../connections/connection-record';
import { ConnectionQueues } from './connection-queues';
import type { Run, RunOutcome } from './run';
import { RunningQueries } from './running-queries';

/** Counts runs by connection and how they ended. */
@Injectable()
export class RunMetrics {
  constructor(
    private readonly metrics: Metrics,
    running: RunningQueries,
    queues: ConnectionQueues,
  ) {
    metrics.gauge('queries_running', 'Statements that run now', () => running.count);
    metrics.gauge(
      'queries_waiting',
      'Statements that wait for a session of their connection',
      () => queues.waiting,
    );
  }

  finished({ connection: { id, type } }: Run, { status, executionTimeMs }: RunOutcome): void {
    this.metrics.runs.inc({ connection: id, type, status });
    this.metrics.runDuration.observe({ type, status }, executionTimeMs / 1000);
  }

  refused(connection: ConnectionRecord | null): void {
    this.metrics.runs.inc({
      connection: connection?.id ?? 'unknown',
      type: connection?.type ?? 'unknown',
      status: 'refused',
    });
  }
}
