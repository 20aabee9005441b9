import { AppError } from '../common/app-error';
import type { Driver, DriverDescription } from './driver';
import { mongodbDescription } from './mongodb/description';
import { mariadbDescription, mysqlDescription } from './mysql/description';
import { plannedDrivers } from './planned';
import { postgresqlDescription } from './postgresql/description';
import { sqliteDescription } from './sqlite/description';

/** What the registry knows of an engine; the driver itself is loaded at first use. */
export interface RegisteredDriver {
  readonly description: DriverDescription;
  load(): Promise<Driver>;
}

/**
 * A new engine is a folder and a line here. A driver that is not used is never loaded, nor is its package. (`require`,
 * because `import()` in CommonJS output wants names of compiled files, which the tests do not have.)
 */
const available: readonly RegisteredDriver[] = [
  {
    description: postgresqlDescription,
    load: async () =>
      (require('./postgresql/driver') as typeof import('./postgresql/driver')).postgresqlDriver,
  },
  {
    description: mysqlDescription,
    load: async () => (require('./mysql/driver') as typeof import('./mysql/driver')).mysqlDriver,
  },
  {
    description: mariadbDescription,
    load: async () => (require('./mysql/driver') as typeof import('./mysql/driver')).mariadbDriver,
  },
  {
    description: sqliteDescription,
    load: async () =>
      (require('./sqlite/sqlite-driver') as typeof import('./sqlite/sqlite-driver')).sqliteDriver,
  },
  {
    description: mongodbDescription,
    load: async () =>
      (require('./mongodb/mongodb-driver') as typeof import('./mongodb/mongodb-driver')).mongodbDriver,
  },
];

const planned: readonly RegisteredDriver[] = plannedDrivers.map((description) => ({
  description,
  load: () => Promise.reject(missing(description)),
}));

const registry: ReadonlyMap<string, RegisteredDriver> = new Map(
  [...available, ...planned].map((driver) => [driver.description.type, driver]),
);

export function registeredDrivers(): readonly RegisteredDriver[] {
  return [...registry.values()];
}

/** Whether there is a driver for the engine here and the package it needs can be found. */
export function isInstalled(description: DriverDescription): boolean {
  if (!available.some((driver) => driver.description.type === description.type)) return false;
  try {
    require.resolve(description.driverPackage);
    return true;
  } catch {
    return false;
  }
}

/**
 * The driver of an engine, loaded now if it was not before.
 *
 * @throws AppError `connection.unsupported_type`, `connection.driver_missing`
 */
export async function driverFor(type: string): Promise<Driver> {
  const driver = registry.get(type);
  if (!driver) {
    throw new AppError('connection.unsupported_type', `The types are ${[...registry.keys()].join(', ')}.`);
  }
  if (!isInstalled(driver.description)) throw missing(driver.description);
  return driver.load();
}

function missing(description: DriverDescription): AppError {
  return new AppError(
    'connection.driver_missing',
    `${description.label} needs the npm package ${description.driverPackage} and a driver for it, which are not installed.`,
    { extra: { driverPackage: description.driverPackage } },
  );
}
