import { AppError, type FieldError } from '../../common/app-error';
import type { ConnectionInput } from '../driver';

export interface SqliteConfig {
  /** Path of the file as the owner wrote it; the file policy resolves it at each opening. */
  readonly database: string;
  readonly busyTimeoutMs: number;
}

const unknownMembers = [
  'host',
  'port',
  'username',
  'password',
  'ssl',
  'connectionString',
  'replicas',
] as const;
const DEFAULT_BUSY_MS = 2_000;
const MAX_BUSY_MS = 60_000;

/** @throws AppError `connection.invalid_config` */
export function parseConfig(input: ConnectionInput): SqliteConfig {
  const errors: FieldError[] = [];
  const { database, options = {} } = input;
  const wrong = database === undefined ? 'is required: the path of the file' : pathProblem(database);
  if (wrong !== null) errors.push({ path: '/database', message: wrong });
  for (const name of unknownMembers) {
    if (input[name] !== undefined) errors.push({ path: `/${name}`, message: 'does not apply to SQLite' });
  }
  const { busyTimeoutMs = DEFAULT_BUSY_MS, ...others } = options;
  const valid =
    Number.isInteger(busyTimeoutMs) && Number(busyTimeoutMs) >= 0 && Number(busyTimeoutMs) <= MAX_BUSY_MS;
  if (!valid) {
    errors.push({
      path: '/options/busyTimeoutMs',
      message: `must be a whole number from 0 to ${MAX_BUSY_MS}`,
    });
  }
  for (const name of Object.keys(others))
    errors.push({ path: `/options/${name}`, message: 'is not an option of SQLite' });
  if (errors.length > 0) throw new AppError('connection.invalid_config', undefined, { errors });
  return { database: String(database), busyTimeoutMs: Number(busyTimeoutMs) };
}

function pathProblem(path: string): string | null {
  if (path.trim() === '') return 'is required: the path of the file';
  if (path.includes('\0')) return 'must not hold a NUL';
  // https://sqlite.org/uri.html: a URI could ask for modes of opening that we decide
  if (/^file:/i.test(path) || path.startsWith(':memory:')) return 'must be the path of a file';
  return null;
}
