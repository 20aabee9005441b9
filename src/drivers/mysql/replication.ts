import { collectRows } from '../collect-rows';
import type { Replication } from '../driver';
import { shapeOf } from './describe-relations';
import { coversGtids, unionOfGtids } from './gtid';

const timeoutMs = 10_000;

/**
 * Without GTIDs there is no position, and replicas are not read from. MariaDB tells what it has applied of others and
 * what it has written itself apart; a server that was promoted has both (Knowledge Base, "Global Transaction ID").
 */
const standings: Readonly<Record<'mariadb' | 'mysql', string>> = {
  mariadb: `select cast(@@global.read_only as char), cast(@@global.gtid_slave_pos as char), cast(@@global.gtid_binlog_pos as char)`,
  mysql: `select cast(@@global.read_only as char), cast(@@global.gtid_executed as char), ''`,
};

export const mysqlReplication: Replication = {
  async standing(source, signal) {
    const [[version] = []] = await collectRows(source, 'select version()', signal, timeoutMs);
    const flavour = /mariadb/i.test(textOf(version)) ? 'mariadb' : 'mysql';
    const [[readOnly, applied, logged] = []] = await collectRows(
      source,
      standings[flavour],
      signal,
      timeoutMs,
    );
    const writable = /^(0|OFF|FALSE)$/i.test(textOf(readOnly));
    const position = writable ? unionOfGtids(textOf(applied), textOf(logged)) : textOf(applied);
    return { writable, position: position || null, written: (writable && position) || null };
  },
  lineage: async () => null,
  covers: coversGtids,
  portable: (versions) =>
    versions.map((relation) => ({
      ...relation,
      version: relation.version === null ? null : shapeOf(relation.version),
    })),
};

/** MySQL breaks its sets of GTIDs into lines. */
function textOf(cell: unknown): string {
  return typeof cell === 'string' ? cell.replace(/\s/g, '') : '';
}
