import type { OptionDescription } from './driver';

/** Options of every engine that `parseSqlConfig` reads the configuration of. */
export const serverOptions: readonly OptionDescription[] = [
  {
    name: 'connectTimeoutMs',
    type: 'number',
    description: 'Longest time to open a session, in milliseconds; the setting of the service unless given.',
  },
  {
    name: 'maxReplicaLagMs',
    type: 'number',
    description:
      'A replica that may lack more than the last so many milliseconds is not read from; max_replica_lag_ms unless given.',
  },
];
