import type { Dialect } from '../common/dialect';
import type { StatementFacts } from './facts';
import { isSystemRelation } from './system-relations';

/** Safe functions whose answer depends on the moment, on chance or on the session, as each dialect folds names. */
const unrepeatable: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  postgresql: new Set(
    `now array_sample array_shuffle clock_timestamp statement_timestamp transaction_timestamp timeofday current_date current_time
    current_timestamp localtime localtimestamp age random random_normal gen_random_uuid uuidv4 uuidv7 current_user
    session_user user current_role current_catalog current_schema current_database pg_backend_pid txid_current`.split(
      /\s+/,
    ),
  ),
  mysql: new Set(
    `now sysdate curdate curtime current_date current_time current_timestamp localtime localtimestamp utc_date utc_time
    utc_timestamp unix_timestamp rand random_bytes uuid uuid_v4 uuid_v7 uuid_short sys_guid connection_id current_user user session_user
    system_user database schema last_insert_id found_rows row_count version current_role`.split(/\s+/),
  ),
  // Every date function of SQLite takes 'now', also when nothing is given.
  sqlite: new Set(
    `random randomblob date time datetime julianday unixepoch strftime timediff current_date current_time
    current_timestamp changes total_changes last_insert_rowid`.split(/\s+/),
  ),
  mongodb: new Set(),
};

const mongodbUnrepeatable = /"\$(sample|rand|sampleRate|currentDate)"|\$\$(NOW|CLUSTER_TIME|USER_ROLES)/;
/** Words that are functions without parentheses, or that sample; a match inside a literal only costs the cache. */
const sqlUnrepeatable =
  /\b(current_(date|time|timestamp|user|role|catalog|schema)|local(time|timestamp)|utc_(date|time|timestamp)|session_user|tablesample)\b|'\s*(now|today|tomorrow|yesterday)\b/i;

/** Whether a text names the moment, chance or the session without calling a function by name. */
export function namesTheMoment(dialect: Dialect, text: string): boolean {
  return (dialect === 'mongodb' ? mongodbUnrepeatable : sqlUnrepeatable).test(text);
}

/**
 * Whether the same statement on the same data gives the same answer: what a cached result relies on. Catalogs and
 * statistics of the server change without a write.
 */
export function isRepeatable(dialect: Dialect, facts: StatementFacts, text: string): boolean {
  if (facts.access === 'write' || facts.kind === 'explain' || namesTheMoment(dialect, text)) return false;
  if (facts.relations.some(({ schema, name }) => isSystemRelation(dialect, schema, name))) return false;
  return facts.functions.every(({ name, safe }) => safe && !unrepeatable[dialect].has(name.toLowerCase()));
}
