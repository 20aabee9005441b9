import groups from './safe-functions.json';

/**
 * Built-in functions of MySQL 8/9 and MariaDB that only compute, by chapter of the MySQL manual. Left out on purpose:
 * SLEEP and BENCHMARK (hold a session), GET_LOCK and the other lock functions, LOAD_FILE and SYS_* (files, processes),
 * MASTER_POS_WAIT, WAIT_FOR_EXECUTED_GTID_SET and GTID functions (replication), USER, CURRENT_USER, SESSION_USER,
 * CURRENT_ROLE, CONNECTION_ID (the account), LAST_INSERT_ID, FOUND_ROWS, ROW_COUNT (session state, settable),
 * NEXTVAL, LASTVAL, SETVAL (sequences), EXTRACTVALUE and UPDATEXML (put values of the caller's choice into error
 * messages), NAME_CONST, ENCODE/DECODE/ENCRYPT/PASSWORD, PS_* and FORMAT_PICO_TIME (performance schema), ICU_VERSION,
 * VALIDATE_PASSWORD_STRENGTH, keyring and audit functions.
 */
const safe: ReadonlySet<string> = new Set(Object.values(groups).flat());

/** Function names fold case. A name with a database in front is a stored function, whatever it is called. */
export function isSafeFunction(schema: string | null, name: string): boolean {
  return schema === null && safe.has(name.toLowerCase());
}
