import type { DriverDescription } from '../driver';

const shared = {
  dialect: 'mysql',
  driverPackage: 'mysql2',
  capabilities: {
    schemas: true,
    readOnlyTransactions: true,
    cancel: true,
    cursors: true,
    parameters: 'positional',
    writes: true,
    explain: true,
    schemaless: false,
    procedures: true,
  },
  defaultPort: 3306,
  options: [
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
} as const satisfies Partial<DriverDescription>;

export const mysqlDescription: DriverDescription = { type: 'mysql', label: 'MySQL', ...shared };

export const mariadbDescription: DriverDescription = { type: 'mariadb', label: 'MariaDB', ...shared };
