import type { Driver } from '../driver';
export const mysqlDriver: Driver = null as unknown as Driver;
export const mariadbDriver: Driver = null as unknown as Driver;
