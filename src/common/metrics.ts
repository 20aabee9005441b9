import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** One registry a service, so that two services in one process (tests) do not share figures. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  /** Seconds by method, route pattern (never the address itself: it would be a series per id) and status. */
  readonly httpRequests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });

  /** Runs by connection, kind of database and how they ended; never by user, who are many and come and go. */
  readonly runs = new Counter({
    name: 'query_runs_total',
    help: 'Statements by how they ended; refused ones were never sent',
    labelNames: ['connection', 'type', 'status'],
    registers: [this.registry],
  });

  /** Seconds; without the connection, because each would be a series a bucket. */
  readonly runDuration = new Histogram({
    name: 'query_run_duration_seconds',
    help: 'Time from the committed intent of a statement to its end',
    labelNames: ['type', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [this.registry],
  });

  readonly commitSize = new Histogram({
    name: 'group_commit_requests',
    help: 'Requests that shared one commit of the record',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers: [this.registry],
  });

  /** A figure that is read when somebody looks. */
  gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: () => gauge.set(read()),
    });
  }

  /** A count that somebody keeps, read when somebody looks. */
  counted(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.registry],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  /** The same for a set of series; those that are not read any more are gone. */
  gauges<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: () => Iterable<{ readonly labels: Record<Label, string>; readonly value: number }>,
  ): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        for (const { labels, value } of read()) gauge.set(labels, value);
      },
    });
  }

  /** Counts that somebody keeps, a set of series. */
  countedBy<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read: () => Iterable<{ readonly labels: Record<Label, string>; readonly value: number }>,
  ): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect: () => {
        counter.reset();
        for (const { labels, value } of read()) counter.inc(labels, value);
      },
    });
  }

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
