import type { ErrorCode } from '../../common/errors/catalog';

/** What an SQLSTATE means to the caller, and whether the server's words may reach them. */
export interface SqlStateMeaning {
  readonly code: ErrorCode;
  /**
   * The primary message names only what the statement itself names (tables, columns, types, a syntax). Messages of
   * data exceptions and constraints quote values out of tables, which a policy may have masked.
   */
  readonly tellMessage: boolean;
}

const told = (code: ErrorCode): SqlStateMeaning => ({ code, tellMessage: true });
const silent = (code: ErrorCode): SqlStateMeaning => ({ code, tellMessage: false });

/** PostgreSQL manual, Appendix A: single states that differ from their class. */
const states: Readonly<Record<string, SqlStateMeaning>> = {
  // Bind with another number of parameters than the statement has
  '08P01': silent('query.invalid_parameter'),
  '0A000': told('query.unsupported'),
  '25001': told('query.unsupported'),
  '25006': told('query.read_only'),
  '25P02': silent('query.database_error'),
  '25P03': silent('query.timeout'),
  '25P04': silent('query.timeout'),
  '40002': silent('query.constraint'),
  '42501': told('connection.privilege_missing'),
  '42601': told('query.syntax'),
  '42602': told('query.syntax'),
  '42611': told('query.syntax'),
  '42622': told('query.syntax'),
  '42939': told('query.syntax'),
  '42701': told('query.constraint'),
  '42710': told('query.constraint'),
  '42P02': told('query.invalid_parameter'),
  '42P06': told('query.constraint'),
  '42P07': told('query.constraint'),
  '42P18': told('query.invalid_parameter'),
  '42703': told('query.unknown_object'),
  '42704': told('query.unknown_object'),
  '42883': told('query.unknown_object'),
  '42P01': told('query.unknown_object'),
  '3F000': told('query.unknown_object'),
  '3D000': told('connection.database_not_found'),
  '53300': silent('connection.too_many'),
  // the statement is larger or deeper than the server takes
  '54000': silent('query.too_complex'),
  '54001': silent('query.too_complex'),
  '54011': silent('query.too_complex'),
  '54023': silent('query.too_complex'),
  '55P03': silent('query.lock_conflict'),
  '55006': silent('query.lock_conflict'),
  '57014': silent('query.cancelled'),
  '57P01': silent('connection.lost'),
  '57P02': silent('connection.lost'),
  '57P03': silent('connection.unreachable'),
  '57P04': silent('connection.database_not_found'),
  '57P05': silent('connection.lost'),
};

/** The first two characters of an SQLSTATE are its class. */
const classes: Readonly<Record<string, SqlStateMeaning>> = {
  '08': silent('connection.lost'),
  '21': silent('query.invalid_value'),
  '22': silent('query.invalid_value'),
  '23': silent('query.constraint'),
  '25': told('query.unsupported'),
  '26': told('query.unsupported'),
  '28': silent('connection.auth_failed'),
  '2B': silent('query.constraint'),
  '2D': told('query.unsupported'),
  '34': told('query.unsupported'),
  '3B': told('query.unsupported'),
  '40': silent('query.lock_conflict'),
  '42': told('query.syntax'),
  '44': silent('query.constraint'),
  '53': silent('query.resources'),
  '54': silent('query.too_complex'),
  '55': silent('query.lock_conflict'),
};

/** Unknown states, and `P0001` of `RAISE`, whose message is whatever a function put into it, stay without words. */
export function sqlStateMeaning(state: string): SqlStateMeaning {
  return states[state] ?? classes[state.slice(0, 2)] ?? silent('query.database_error');
}
