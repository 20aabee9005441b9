import { mongo } from 'mongoose';
import { AppError, isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import { networkErrorCode } from '../network-errors';

/**
 * Server error codes (https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml). Messages of the
 * server quote values and documents, so every detail here is a fixed text.
 */
const byCode: Readonly<Record<number, readonly [ErrorCode, string?]>> = {
  2: ['query.invalid_operation', 'The server does not accept a value of the operation.'],
  4: ['query.unknown_object', 'Something the operation names does not exist.'],
  6: ['connection.unreachable'],
  7: ['connection.host_not_found'],
  9: ['query.invalid_operation', 'The server cannot parse the operation.'],
  11: ['connection.auth_failed'],
  13: ['connection.privilege_missing', 'The account lacks a privilege that the operation needs.'],
  14: ['query.invalid_value', 'A value has a type that the operation does not take.'],
  17: ['query.invalid_operation', 'The operation writes more than one message holds.'],
  18: ['connection.auth_failed'],
  20: ['query.unsupported', 'The server does not allow this operation here.'],
  24: ['query.lock_conflict'],
  26: ['query.unknown_object', 'The collection does not exist.'],
  27: ['query.unknown_object', 'The index does not exist.'],
  28: ['query.invalid_operation', 'A path of the update cannot be used.'],
  31: ['query.invalid_operation', 'A name of the operation is not valid.'],
  40: ['query.invalid_operation', 'Two parts of the update change the same path.'],
  43: ['connection.lost', 'The server has forgotten the cursor.'],
  46: ['query.lock_conflict'],
  48: ['query.constraint', 'Something of that name exists already.'],
  50: ['query.timeout'],
  52: ['query.invalid_operation', 'A name begins with a dollar sign.'],
  59: ['query.unsupported', 'The server does not know the command.'],
  66: ['query.constraint', 'The _id of a document cannot be changed.'],
  72: ['query.invalid_operation', 'An option of the operation is not valid.'],
  73: ['query.invalid_operation', 'The server does not accept the name of the collection.'],
  89: ['connection.timeout'],
  91: ['connection.lost', 'The server is shutting down.'],
  96: ['query.resources', 'The operation ran out of a resource of the server.'],
  112: ['query.lock_conflict', 'Another write met the same document.'],
  115: ['query.unsupported', 'The server does not support the command.'],
  121: ['query.constraint', 'The validator of the collection refuses the document.'],
  146: ['query.resources', 'The operation needs more memory than the server allows.'],
  166: ['query.unsupported', 'The collection is a view.'],
  168: ['query.syntax', 'The server does not know an operator of the pipeline.'],
  189: ['connection.unreachable', 'The server is not the primary.'],
  211: ['connection.unreachable', 'The server is not ready yet.'],
  237: ['connection.lost', 'The cursor was ended by the server.'],
  238: ['query.unsupported', 'The server does not support what the operation asks for.'],
  241: ['query.invalid_value', 'A value cannot be converted to the type that is asked for.'],
  292: ['query.resources', 'Sorting or grouping needs more memory than the server allows.'],
  352: ['query.unsupported', 'The server is too old for this client.'],
  10_334: ['query.result_too_large', 'A document is larger than the server allows.'],
  11_000: ['query.constraint', 'A unique value exists already.'],
  11_600: ['connection.lost', 'The server is shutting down.'],
  11_601: ['connection.lost', 'The operation was ended on the server.'],
  13_435: ['connection.unreachable', 'The server is not the primary.'],
  10_107: ['connection.unreachable', 'The server is not the primary.'],
  14_031: ['query.resources', 'The disk of the server is full.'],
  17_419: ['query.result_too_large', 'A document would grow larger than the server allows.'],
  40_324: ['query.syntax', 'The server does not know a stage of the pipeline.'],
};

/** Assertions of the server without a name: numbers from five digits up, all about the expression they check. */
const FIRST_ASSERTION = 10_000;

/** The error of the server in the reply of a write that was accepted as a command. */
export function mapServerCode(code: number | undefined): AppError {
  const mapped = code === undefined ? undefined : byCode[code];
  const extra: Record<string, number> = code === undefined ? {} : { mongodbCode: code };
  if (mapped) return new AppError(mapped[0], mapped[1], { extra });
  if (code !== undefined && code >= FIRST_ASSERTION) {
    return new AppError('query.invalid_operation', 'The server refuses an expression of the operation.', {
      extra,
    });
  }
  return new AppError('query.database_error', undefined, { extra });
}

/** Turns what the client library throws into an error with a code; `fallback` is for a lost network. */
export function mapMongoError(error: unknown, fallback: ErrorCode = 'connection.lost'): AppError {
  const denied = findCause(error, isAppError);
  if (denied) return denied;
  const server = findCause(
    error,
    (cause): cause is mongo.MongoServerError => cause instanceof mongo.MongoServerError,
  );
  // replies are read with their exact types, so a code may be an Int32
  if (server) return mapServerCode(server.code === undefined ? undefined : Number(String(server.code)));
  // the class is not exported
  if (error instanceof Error && error.name === 'MongoWaitQueueTimeoutError') {
    return new AppError('connection.pool_exhausted', undefined, { retryAfterSeconds: 1 });
  }
  if (error instanceof mongo.BSON.BSONError || error instanceof mongo.MongoInvalidArgumentError) {
    return new AppError('query.invalid_operation', 'The operation cannot be encoded as BSON.');
  }
  const network = findCause(error, (cause): cause is Error => networkErrorCode(cause) !== null);
  const code = network ? networkErrorCode(network) : null;
  if (code !== null && error instanceof mongo.MongoServerSelectionError) return new AppError(code);
  if (error instanceof mongo.MongoServerSelectionError) return new AppError('connection.timeout');
  if (findCause(error, (cause): cause is Error => cause instanceof mongo.MongoNetworkTimeoutError)) {
    return new AppError('connection.timeout');
  }
  if (findCause(error, (cause): cause is Error => cause instanceof mongo.MongoNetworkError)) {
    return new AppError(code ?? fallback);
  }
  if (error instanceof mongo.MongoError) return new AppError('connection.lost');
  return new AppError('query.database_error');
}

/** Looks through causes, and through the servers that a failed selection found. */
function findCause<T>(error: unknown, wanted: (error: unknown) => error is T, depth = 0): T | null {
  if (wanted(error)) return error;
  if (depth > 8 || typeof error !== 'object' || error === null) return null;
  const { cause, reason } = error as {
    cause?: unknown;
    reason?: { servers?: ReadonlyMap<string, { error?: unknown }> };
  };
  const found = cause === error ? null : findCause(cause, wanted, depth + 1);
  if (found || !(reason?.servers instanceof Map)) return found;
  for (const server of reason.servers.values()) {
    const inside = findCause(server.error, wanted, depth + 1);
    if (inside) return inside;
  }
  return null;
}
