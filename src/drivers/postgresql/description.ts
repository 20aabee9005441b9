import type { DriverDescription } from '../driver';
import { serverOptions } from '../server-options';

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
    ...serverOptions,
  ],
};
