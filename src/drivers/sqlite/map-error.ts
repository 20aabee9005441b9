import { AppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import { writeTooLarge } from '../write-too-large';
import type { Failure } from './protocol';

interface Mapped {
  readonly code: ErrorCode;
  readonly detail?: string;
}

/** Result codes of https://sqlite.org/rescode.html, the primary ones below 256. */
const byResultCode: Readonly<Record<number, Mapped>> = {
  3: { code: 'connection.file_unusable', detail: 'The service may not open the database file.' },
  5: { code: 'query.lock_conflict', detail: 'Another program has locked the database file.' },
  6: { code: 'query.lock_conflict', detail: 'Another statement has locked a table.' },
  7: { code: 'query.resources', detail: 'SQLite ran out of memory.' },
  8: { code: 'query.read_only' },
  10: { code: 'query.database_error', detail: 'The database file could not be read or written.' },
  11: { code: 'connection.file_unusable', detail: 'The database file is damaged.' },
  13: { code: 'query.resources', detail: 'The disk or the database file is full.' },
  14: { code: 'connection.file_unusable', detail: 'The database file cannot be opened.' },
  18: {
    code: 'query.result_too_large',
    detail: 'A value or the statement is longer than SQLite is allowed to handle here.',
  },
  19: { code: 'query.constraint' },
  20: { code: 'query.invalid_value', detail: 'A value does not fit the type of its column.' },
  25: { code: 'query.invalid_parameter', detail: 'The statement takes fewer parameters than were given.' },
  26: { code: 'connection.file_unusable', detail: 'The file is not an SQLite database.' },
  // SQLITE_READONLY_RECOVERY, _CANTLOCK, _ROLLBACK: https://sqlite.org/rescode.html#readonly_rollback
  264: {
    code: 'connection.file_unusable',
    detail: 'The write-ahead log needs recovery by a program that may write.',
  },
  520: {
    code: 'connection.file_unusable',
    detail: 'The write-ahead log needs shared memory that may not be written.',
  },
  776: {
    code: 'connection.file_unusable',
    detail: 'A journal needs to be rolled back by a program that may write.',
  },
  3082: { code: 'query.resources', detail: 'SQLite ran out of memory.' },
  3338: { code: 'connection.file_unusable', detail: 'The service may not read the database file.' },
};

/** SQLITE_CONSTRAINT_CHECK … _DATATYPE; their messages name columns only where noted. */
const constraintDetails: Readonly<Record<number, string>> = {
  275: 'A CHECK constraint refuses the change.',
  787: 'A foreign key refuses the change.',
  1299: 'A column must not be NULL.',
  1555: 'The primary key exists already.',
  1811: 'A trigger refuses the change.',
  2067: 'A unique value exists already.',
  2579: 'The row id exists already.',
  3091: 'A value does not fit the type of its column.',
};

/**
 * SQLite has one code, SQLITE_ERROR, for everything wrong with a statement, so here, and only here, the fixed words of
 * its own messages decide (the library is compiled into the binding, so they change with the pinned version only).
 */
const byMessage: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^near .*: syntax error$|^incomplete input$|^unrecognized token: /s, 'query.syntax'],
  [
    /^no such (?:table|column|function|index|view|trigger|module|collation sequence|window|savepoint): /,
    'query.unknown_object',
  ],
  [/^no such table column: |^unable to delete\/modify/, 'query.unknown_object'],
  [/^not authorized|^access to .* is prohibited$|^too many attached databases/, 'query.unsupported'],
  [
    /^too many (?:terms|columns|arguments|FROM clause)|^Expression tree is too large|^parser stack overflow|^at most \d+ tables/,
    'query.too_complex',
  ],
  [/^(?:ambiguous column name|wrong number of arguments|misuse of )/, 'query.syntax'],
];

/** Turns a failure of the child into the error the caller sees. Messages of SQLite are shown only while preparing. */
export function mapSqliteError(failure: Failure): AppError {
  const extra: Record<string, number> = failure.code === null ? {} : { sqliteCode: failure.code };
  if (failure.phase === 'expect') return new AppError('query.schema_changed');
  if (failure.phase === 'changes') return writeTooLarge(Number(failure.message));
  if (failure.denied === 'write') return new AppError('query.read_only', undefined, { extra });
  if (failure.denied !== null) {
    return new AppError('query.unsupported', `${failure.denied} is not allowed here.`, { extra });
  }
  if (failure.phase === 'bind') return new AppError('query.invalid_parameter', undefined, { extra });
  const mapped =
    failure.code === null ? undefined : (byResultCode[failure.code] ?? byResultCode[failure.code & 0xff]);
  if (mapped) {
    return new AppError(mapped.code, constraintDetails[failure.code ?? 0] ?? mapped.detail, { extra });
  }
  if (failure.phase === 'prepare') {
    const known = byMessage.find(([pattern]) => pattern.test(failure.message));
    return new AppError(known?.[1] ?? 'query.syntax', failure.message, { extra });
  }
  if (failure.code === 1) {
    // a function refused its argument (malformed JSON, integer overflow, …): the message may quote it
    return new AppError('query.invalid_value', 'A function of the statement refused its arguments.', {
      extra,
    });
  }
  return new AppError('query.database_error', undefined, { extra });
}
