import type { DriverDescription } from '../driver';

export const sqliteDescription: DriverDescription = {
  type: 'sqlite',
  label: 'SQLite',
  dialect: 'sqlite',
  driverPackage: '@photostructure/sqlite',
  capabilities: {
    schemas: false,
    readOnlyTransactions: true,
    cancel: true,
    cursors: true,
    parameters: 'positional',
    writes: true,
    explain: true,
    schemaless: false,
    procedures: false,
  },
  defaultPort: null,
  options: [
    {
      name: 'busyTimeoutMs',
      type: 'number',
      description: 'Milliseconds a statement waits for a lock that another program holds on the file.',
      default: 2_000,
    },
  ],
};
