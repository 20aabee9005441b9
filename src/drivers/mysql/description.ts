import type { DriverDescription } from '../driver';
import { serverOptions } from '../server-options';

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
  options: serverOptions,
} as const satisfies Partial<DriverDescription>;

export const mysqlDescription: DriverDescription = { type: 'mysql', label: 'MySQL', ...shared };

export const mariadbDescription: DriverDescription = { type: 'mariadb', label: 'MariaDB', ...shared };
