import type { ErrorCode } from '../../common/errors/catalog';

/** What an error number means to the caller, and whether the server's words may reach them. */
export interface ErrnoMeaning {
  readonly code: ErrorCode;
  /** The message names only what the statement itself names; others quote values out of tables or name accounts. */
  readonly tellMessage: boolean;
}

const told = (code: ErrorCode): ErrnoMeaning => ({ code, tellMessage: true });
const silent = (code: ErrorCode): ErrnoMeaning => ({ code, tellMessage: false });

/** MySQL "Server Error Message Reference" and MariaDB "Error Codes" (those from 1900 and 4000 on are MariaDB's own). */
const numbers: Readonly<Record<number, ErrnoMeaning>> = {
  1020: silent('query.lock_conflict'),
  1021: silent('query.resources'),
  1037: silent('query.resources'),
  1038: silent('query.resources'),
  1040: silent('connection.too_many'),
  1041: silent('query.resources'),
  1044: silent('connection.privilege_missing'),
  1045: silent('connection.auth_failed'),
  1046: told('query.unknown_object'),
  1048: silent('query.constraint'),
  1049: told('query.unknown_object'),
  1050: told('query.constraint'),
  1051: told('query.unknown_object'),
  1053: silent('connection.lost'),
  1054: told('query.unknown_object'),
  1065: silent('query.empty'),
  1072: told('query.unknown_object'),
  1091: told('query.unknown_object'),
  1109: told('query.unknown_object'),
  1114: silent('query.resources'),
  1128: told('query.unknown_object'),
  1142: silent('connection.privilege_missing'),
  1143: silent('connection.privilege_missing'),
  1146: told('query.unknown_object'),
  1148: silent('query.unsupported'),
  1153: silent('query.resources'),
  1203: silent('connection.too_many'),
  1205: silent('query.lock_conflict'),
  1206: silent('query.resources'),
  1210: silent('query.invalid_parameter'),
  1213: silent('query.lock_conflict'),
  1226: silent('connection.too_many'),
  1227: silent('connection.privilege_missing'),
  1235: told('query.unsupported'),
  1242: silent('query.invalid_value'),
  1264: silent('query.invalid_value'),
  1265: silent('query.invalid_value'),
  1290: silent('query.read_only'),
  1292: silent('query.invalid_value'),
  1295: told('query.unsupported'),
  1305: told('query.unknown_object'),
  1317: silent('query.cancelled'),
  1364: silent('query.constraint'),
  1365: silent('query.invalid_value'),
  1366: silent('query.invalid_value'),
  1370: silent('connection.privilege_missing'),
  1406: silent('query.invalid_value'),
  1411: silent('query.invalid_value'),
  1436: silent('query.too_complex'),
  1451: silent('query.constraint'),
  1452: silent('query.constraint'),
  1582: told('query.syntax'),
  1630: told('query.unknown_object'),
  1690: silent('query.invalid_value'),
  1792: silent('query.read_only'),
  1836: silent('query.read_only'),
  1927: silent('connection.lost'),
  1969: silent('query.timeout'),
  3024: silent('query.timeout'),
  3572: silent('query.lock_conflict'),
  3819: silent('query.constraint'),
  4025: silent('query.constraint'),
  4031: silent('connection.lost'),
};

/** The first two characters of the SQLSTATE, where the number is not listed. */
const classes: Readonly<Record<string, ErrnoMeaning>> = {
  '08': silent('connection.lost'),
  '21': silent('query.invalid_value'),
  '22': silent('query.invalid_value'),
  '23': silent('query.constraint'),
  '25': silent('query.read_only'),
  '28': silent('connection.privilege_missing'),
  '40': silent('query.lock_conflict'),
  '42': told('query.syntax'),
  '70': silent('query.cancelled'),
  '0A': told('query.unsupported'),
};

export function errnoMeaning(errno: number, sqlState: string): ErrnoMeaning {
  return numbers[errno] ?? classes[sqlState.slice(0, 2)] ?? silent('query.database_error');
}

/**
 * Messages that quote nothing but names. Of a statement that was compiled under policies no other is told: a syntax error
 * quotes the text behind it, which may hold what an administrator wrote, and the key of a mask.
 */
export const namingErrnos: ReadonlySet<number> = new Set([
  1046, 1049, 1051, 1052, 1054, 1060, 1066, 1109, 1128, 1146, 1191, 1222, 1241, 1247, 1248, 1305, 1630,
]);

/** Numbers that mean something else, or anything at all, while a session is being opened. */
export const connectErrnos: Readonly<Record<number, ErrorCode>> = {
  1040: 'connection.too_many',
  1044: 'connection.privilege_missing',
  1045: 'connection.auth_failed',
  1049: 'connection.database_not_found',
  1129: 'connection.unreachable',
  1130: 'connection.auth_failed',
  1203: 'connection.too_many',
  1226: 'connection.too_many',
  1251: 'connection.auth_failed',
  1698: 'connection.auth_failed',
  1862: 'connection.auth_failed',
  3118: 'connection.auth_failed',
  3159: 'connection.tls_failed',
  4151: 'connection.auth_failed',
};
