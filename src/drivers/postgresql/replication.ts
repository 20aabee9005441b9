import { isAppError } from '../../common/app-error';
import { collectRows } from '../collect-rows';
import type { Replication } from '../driver';

const timeoutMs = 10_000;

/**
 * A replica is where it has replayed to, and what it has replayed can be seen. A primary is at what it has flushed, since
 * nothing else is sent; what it has confirmed without waiting for the disk (`synchronous_commit`) lies before the place
 * where it inserts (manual, "System Administration Functions").
 */
const standingQuery = `
  select case when r.recovering then 'replica' else 'primary' end,
    case when r.recovering then pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_flush_lsn() end::text,
    case when r.recovering then null else pg_catalog.pg_current_wal_insert_lsn() end::text
  from (select pg_catalog.pg_is_in_recovery() as recovering) r`;

/** Made by initdb and copied with the data. */
const lineageQuery = 'select system_identifier::text from pg_catalog.pg_control_system()';

export const postgresqlReplication: Replication = {
  async standing(source, signal) {
    const [[role, position, written] = []] = await collectRows(source, standingQuery, signal, timeoutMs);
    return {
      writable: role === 'primary',
      position: (position ?? null) as string | null,
      written: (written ?? null) as string | null,
    };
  },
  async lineage(source, signal) {
    try {
      const [[identifier] = []] = await collectRows(source, lineageQuery, signal, timeoutMs);
      return (identifier ?? null) as string | null;
    } catch (error) {
      if (isAppError(error, 'connection.privilege_missing')) return null;
      throw error;
    }
  },
  covers(position, wanted) {
    const [at, other] = [readLsn(position), readLsn(wanted)];
    return at !== null && other !== null && at >= other;
  },
  // rows of the catalog are copied with their identity
  portable: (versions) => versions,
};

/** `XXX/XXX`, two numbers of 32 bits (manual, "pg_lsn Type"). */
function readLsn(text: string): bigint | null {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text) ?? [];
  return high === undefined ? null : (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
