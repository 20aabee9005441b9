import { mongo } from 'mongoose';
import { AppError } from '../../common/app-error';
import type { Document } from './encode-documents';
import { mapServerCode } from './map-error';
import { numberOf } from './number-of';
import { isWrite, type Operation } from './operation';

type Reply = Readonly<Record<string, unknown>>;
const orZero = (value: unknown): number => (value === undefined ? 0 : numberOf(value));

/** What an operation that answers in one document comes to. @throws AppError for writes that the server refused. */
export function readAnswer(
  operation: Operation,
  reply: Reply,
): { documents: Document[]; affectedRows: number | null } {
  if (isWrite(operation.operation)) return { documents: [], affectedRows: affectedBy(operation, reply) };
  if (operation.operation === 'distinct') {
    const field = String(operation['field']);
    return {
      documents: valuesOf(reply).map((value) => ({ [field]: value })),
      affectedRows: null,
    };
  }
  return { documents: [{ count: mongo.Long.fromString(String(countOf(reply))) }], affectedRows: null };
}

function valuesOf(reply: Reply): readonly unknown[] {
  const cursor = reply['cursor'] as { firstBatch?: readonly Reply[] } | undefined;
  return ((cursor ? cursor.firstBatch?.[0] : reply)?.['values'] as unknown[] | undefined) ?? [];
}

/** A count by pipeline has no document when there is nothing to count. */
export function countOf(reply: Reply): number {
  const cursor = reply['cursor'] as { firstBatch?: readonly Reply[] } | undefined;
  return orZero(cursor ? cursor.firstBatch?.[0]?.['count'] : reply['n']);
}

function affectedBy(operation: Operation, reply: Reply): number {
  const errors = (reply['writeErrors'] as readonly Reply[] | undefined) ?? [];
  const done = operation.operation.startsWith('update') || operation.operation === 'replaceOne';
  const affected = orZero(reply[done && operation['affected'] !== 'matched' ? 'nModified' : 'n']);
  const [first] = errors;
  if (!first) return affected;
  const error = mapServerCode(orZero(first['code']));
  // the documents before the refused one are written: MongoDB has no statement to roll back
  throw operation.operation === 'insertMany'
    ? error.with({ affectedRows: affected })
    : new AppError(error.code, error.message, { extra: error.extra });
}
