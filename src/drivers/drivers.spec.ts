import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { isAppError } from '../common/app-error';
import { driverFor, isInstalled, registeredDrivers } from './index';

describe('the registry of drivers', () => {
  it('describes every engine without loading a driver or its package', () => {
    const program = `
      require('tsx/cjs');
      const { registeredDrivers } = require('./src/drivers/index.ts');
      const loaded = Object.keys(require.cache).filter((file) => /node_modules.(pg|mysql2|typeorm|mongodb|mongoose)./.test(file));
      console.log(JSON.stringify({ types: registeredDrivers().map((driver) => driver.description.type), loaded }));`;
    const output = execFileSync(process.execPath, ['-e', program], {
      cwd: path.join(__dirname, '..', '..'),
      encoding: 'utf8',
    });
    const { types, loaded } = JSON.parse(output) as { types: string[]; loaded: string[] };
    expect(types).toEqual(
      expect.arrayContaining(['postgresql', 'mysql', 'mariadb', 'redis', 'mssql', 'oracle']),
    );
    expect(loaded).toEqual([]);
  });

  it('loads a driver that is installed', async () => {
    const driver = await driverFor('postgresql');
    expect(driver.description.driverPackage).toBe('pg');
    expect(isInstalled(driver.description)).toBe(true);
  });

  it('refuses a type it does not know', async () => {
    await expect(driverFor('dbase')).rejects.toMatchObject({ code: 'connection.unsupported_type' });
  });

  it.each(['redis', 'mssql', 'oracle'])('names the package that %s would need', async (type) => {
    const { description } = registeredDrivers().find((driver) => driver.description.type === type)!;
    expect(isInstalled(description)).toBe(false);
    const error = await driverFor(type).catch((reason: unknown) => reason);
    expect(isAppError(error, 'connection.driver_missing')).toBe(true);
    expect(String(error)).toContain(description.driverPackage);
  });
});
