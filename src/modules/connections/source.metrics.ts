import { Injectable } from '@nestjs/common';
import { Metrics } from '../../common/metrics';
import type { ServerFigures } from '../../drivers/driver';
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
    const servers = (
      figure: (server: ServerFigures) => number | null,
    ): { labels: Record<'connection' | 'server', string>; value: number }[] =>
      sources.opened().flatMap(({ record, servers: members }) =>
        members.flatMap((server, place) => {
          const value = figure(server);
          return value === null ? [] : [{ labels: { connection: record.id, server: String(place) }, value }];
        }),
      );
    const labels = ['connection', 'server'] as const;
    metrics.gauges(
      'source_server_up',
      '1 while a server of a connection with replicas answers; server 0 is the one that is named first',
      labels,
      () => servers(({ state }) => Number(state === 'up')),
    );
    metrics.gauges('source_server_primary', '1 while the server alone takes the writes', labels, () =>
      servers(({ state, role }) => Number(state === 'up' && role === 'primary')),
    );
    metrics.gauges('source_server_outstanding', 'Statements under way on the server', labels, () =>
      servers(({ outstanding }) => outstanding),
    );
    metrics.gauges(
      'source_replica_lag_seconds',
      'Time whose writes a replica may lack; absent while it cannot be told',
      labels,
      () => servers(({ lagMs }) => (lagMs === null ? null : lagMs / 1000)),
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
