import type { DriverDescription } from '../driver';

export const postgresqlDescription: DriverDescription = {
  type: 'postgresql',
  label: 'PostgreSQL',
  dialect: 'postgresql',
  driverPackage: 'pg',
  capabilities: {
    schemas: true,
    readOnlyTransactions: true,
    cancel: true,
    cursors: true,
    parameters: 'numbered',
    writes: true,
    explain: true,
    schemaless: false,
    procedures: true,
  },
  defaultPort: 5432,
  options: [
    {
      name: 'searchPath',
      type: 'string[]',
      description:
        'Schemas in which unqualified names are looked up, in this order; ["public"] unless given.',
    },
    {
      name: 'connectTimeoutMs',
      type: 'number',
      description:
        'Longest time to open a session, in milliseconds; the setting of the service unless given.',
    },
    {
      name: 'maxReplicaLagMs',
      type: 'number',
      description:
        'A replica that may lack more than the last so many milliseconds is not read from; max_replica_lag_ms unless given.',
    },
  ],
};
