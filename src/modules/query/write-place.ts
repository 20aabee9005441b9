import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import type { ConnectionRecord } from '../connections/connection-record';

const loopback = new Set(['127.0.0.1', '::1', '[::1]']);
const known = new WeakMap<ConnectionRecord, string>();

type Target = Pick<ConnectionRecord, 'id' | 'dialect' | 'publicConfig'>;

/**
 * What a write may change is what other connections may read: those to the same server, whatever account they name,
 * and to the same file. One server under two names is two places.
 */
export function placeOf(connection: ConnectionRecord): string {
  const before = known.get(connection);
  if (before !== undefined) return before;
  const place = hash('sha256', JSON.stringify(targetOf(connection)));
  known.set(connection, place);
  return place;
}

function targetOf({ id, dialect, publicConfig }: Target): unknown[] {
  const { host, port, database, connectionString } = publicConfig;
  if (dialect === 'sqlite' && database !== undefined) return ['file', resolve(database)];
  if (host !== undefined) {
    const name = host.toLowerCase().replace(/\.$/, '');
    const server = ['server', loopback.has(name) ? 'localhost' : name, port ?? null];
    // Databases of PostgreSQL do not see each other; those of the others do.
    return dialect === 'postgresql' ? [...server, database ?? null] : server;
  }
  // Several hosts, or a record of the DNS that names them; the database does not matter.
  if (connectionString !== undefined)
    return ['servers', connectionString.replace(/\/[^/]*$/, '').toLowerCase()];
  return ['connection', id];
}
