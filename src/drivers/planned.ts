import type { Capabilities, DriverDescription } from './driver';

const nothing: Capabilities = {
  schemas: false,
  readOnlyTransactions: false,
  cancel: false,
  cursors: false,
  parameters: 'none',
  writes: false,
  explain: false,
  schemaless: false,
  procedures: false,
};

/** Engines that are known by name but have no driver here. */
export const plannedDrivers: readonly DriverDescription[] = [
  {
    type: 'redis',
    label: 'Redis',
    dialect: null,
    driverPackage: 'ioredis',
    capabilities: nothing,
    defaultPort: 6379,
    options: [],
  },
  {
    type: 'mssql',
    label: 'Microsoft SQL Server',
    dialect: null,
    driverPackage: 'tedious',
    capabilities: nothing,
    defaultPort: 1433,
    options: [],
  },
  {
    type: 'oracle',
    label: 'Oracle Database',
    dialect: null,
    driverPackage: 'oracledb',
    capabilities: nothing,
    defaultPort: 1521,
    options: [],
  },
];
