import { AppError } from '../common/app-error';
import type { ConnectionType, Driver, DriverDescription } from './driver';

/** What the registry knows of an engine; the driver itself is loaded at first use. */
export interface RegisteredDriver {
  readonly description: DriverDescription;
  load(): Promise<Driver>;
}

/** A new engine is a folder and a line here. */
const registry = new Map<ConnectionType, RegisteredDriver>();

export function registeredDrivers(): readonly RegisteredDriver[] {
  return [...registry.values()];
}

export function isInstalled(description: DriverDescription): boolean {
  try {
    require.resolve(description.driverPackage);
    return true;
  } catch {
    return false;
  }
}

export async function driverFor(type: ConnectionType): Promise<Driver> {
  const registered = registry.get(type);
  if (!registered) throw new AppError('connection.unsupported_type');
  return registered.load();
}
