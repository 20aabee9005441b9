import { Injectable } from '@nestjs/common';
import { Metrics } from '../../common/metrics';
import { Sources } from './sources.provider';

const states = ['closed', 'half_open', 'open'] as const;
const kinds = ['open', 'idle', 'busy', 'waiting', 'max'] as const;

/** Figures of the pools and circuits of this replica, read from them when somebody looks. */
@Injectable()
export class SourceMetrics {
  constructor(metrics: Metrics, sources: Sources) {
    metrics.gauges(
      'source_sessions',
      'Sessions of an open pool: open, idle and busy ones, callers that wait for one, and the most there may be',
      ['connection', 'type', 'state'],
      () =>
        sources.opened().flatMap(({ record, pool }) =>
          kinds.map((state) => ({
            labels: { connection: record.id, type: record.type, state },
            value: pool[state],
          })),
        ),
    );
    metrics.gauges(
      'source_circuit_state',
      '1 for the state that the circuit of a connection is in',
      ['connection', 'state'],
      () =>
        sources.circuits().flatMap(({ connectionId, state: current }) =>
          states.map((state) => ({
            labels: { connection: connectionId, state },
            value: Number(state === current),
          })),
        ),
    );
  }
}
