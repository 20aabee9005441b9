import { mongo } from 'mongoose';
import { AppError } from '../../common/app-error';
import { bsonKind } from './bson-kind';
import { checkOperators, checkPipeline, requireCollection } from './check-operators';

const { EJSON } = mongo.BSON;
type Members = Readonly<Record<string, unknown>>;

export interface Operation extends Members {
  readonly operation: OperationName;
  readonly collection: string;
}

const reading = ['filter', 'collation', 'hint'] as const;
/**
 * What each operation takes besides `operation` and `collection`. Two members are only written where policies are compiled
 * into an operation (`src/sql/mongodb/rewrite`), and refused by the analysis of what a caller sends: `through`, a pipeline
 * that the documents are counted or told apart behind, and `affected`.
 */
export const operations = {
  find: [...reading, 'projection', 'sort', 'skip', 'limit'],
  findOne: [...reading, 'projection', 'sort', 'skip'],
  aggregate: ['pipeline', 'collation', 'hint'],
  count: [...reading, 'skip', 'limit', 'through'],
  countDocuments: [...reading, 'skip', 'limit', 'through'],
  estimatedDocumentCount: [],
  distinct: ['field', 'filter', 'collation', 'through'],
  insertOne: ['document'],
  insertMany: ['documents'],
  updateOne: [...reading, 'update', 'affected'],
  updateMany: [...reading, 'update', 'affected'],
  replaceOne: [...reading, 'document'],
  deleteOne: [...reading],
  deleteMany: [...reading],
} as const satisfies Record<string, readonly string[]>;
export type OperationName = keyof typeof operations;

const required: Readonly<Partial<Record<OperationName, readonly string[]>>> = {
  aggregate: ['pipeline'],
  distinct: ['field'],
  insertOne: ['document'],
  insertMany: ['documents'],
  updateOne: ['filter', 'update'],
  updateMany: ['filter', 'update'],
  replaceOne: ['filter', 'document'],
  deleteOne: ['filter'],
  deleteMany: ['filter'],
};

const isDocument = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && bsonKind(value) === undefined;
const isArrayOf = (check: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(check);
const isCount = (value: unknown): boolean => {
  const number = Number(String(value));
  return Number.isSafeInteger(number) && number >= 0;
};

const shapes: Readonly<Record<string, (value: unknown) => boolean>> = {
  filter: isDocument,
  projection: isDocument,
  sort: isDocument,
  collation: isDocument,
  hint: (value) => typeof value === 'string' || isDocument(value),
  skip: isCount,
  limit: isCount,
  pipeline: isArrayOf(isDocument),
  through: isArrayOf(isDocument),
  affected: (value) => value === 'matched',
  field: (value) => typeof value === 'string' && value !== '' && !value.startsWith('$'),
  document: isDocument,
  documents: (value) => isArrayOf(isDocument)(value) && (value as unknown[]).length > 0,
  update: (value) => isDocument(value) || isArrayOf(isDocument)(value),
};

const writes: ReadonlySet<string> = new Set<OperationName>([
  'insertOne',
  'insertMany',
  'updateOne',
  'updateMany',
  'replaceOne',
  'deleteOne',
  'deleteMany',
]);
export const isWrite = (name: OperationName): boolean => writes.has(name);

/** Whether the operation changes documents, also as the last stage of a pipeline. */
export function writesDocuments({ operation, pipeline }: Operation): boolean {
  const last = Array.isArray(pipeline) ? (pipeline.at(-1) as Members | undefined) : undefined;
  return isWrite(operation) || (last !== undefined && ('$out' in last || '$merge' in last));
}

const MAX_BYTES = 8 * 1024 * 1024;
const invalid = (detail: string): AppError => new AppError('query.invalid_operation', detail);

/**
 * Reads an operation and refuses what could do more than it says: server-side JavaScript always, everything that
 * writes when only reading is allowed, stages and members that are not known.
 *
 * @throws AppError `query.*`
 */
export function parseOperation(text: string, access: 'read' | 'write'): Operation {
  const parsed = parseJson(text);
  if (!isDocument(parsed)) throw invalid('An operation is one JSON object.');
  const members = parsed as Members;
  const name = members['operation'];
  if (typeof name !== 'string' || !Object.hasOwn(operations, name)) {
    throw invalid(`"operation" must be one of ${Object.keys(operations).join(', ')}.`);
  }
  const operation = members as Operation;
  requireCollection(operation.collection);
  const allowed: readonly string[] = operations[operation.operation];
  for (const [member, value] of Object.entries(members)) {
    if (member === 'operation' || member === 'collection') continue;
    if (!allowed.includes(member)) throw invalid(`${name} takes no "${member}".`);
    if (!shapes[member]?.(value)) throw invalid(`"${member}" does not have the form it needs.`);
  }
  for (const member of required[operation.operation] ?? []) {
    if (!(member in members)) throw invalid(`${name} needs "${member}".`);
  }
  if (isWrite(operation.operation) && access === 'read') throw new AppError('query.read_only');
  checkMembers(operation, access);
  return operation;
}

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new AppError('query.empty');
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new AppError('query.too_long', `At most ${MAX_BYTES} bytes.`);
  if (/\p{Surrogate}/u.test(text)) throw new AppError('query.invalid_text');
  try {
    return EJSON.parse(text, { relaxed: false });
  } catch (error) {
    if (error instanceof RangeError) throw new AppError('query.too_complex');
    throw new AppError('query.syntax', 'The operation is not MongoDB Extended JSON.');
  }
}

function checkMembers(operation: Operation, access: 'read' | 'write'): void {
  const { filter, projection, sort, update, pipeline, through, document } = operation;
  for (const part of [filter, projection, sort, update]) checkOperators(part);
  if (pipeline !== undefined) checkPipeline(pipeline as Members[], access);
  if (through !== undefined) checkPipeline(through as Members[], 'read');
  if (Array.isArray(update)) checkPipeline(update as Members[], 'read');
  const keys = (value: unknown): string[] => Object.keys(value as object);
  if (update !== undefined && !Array.isArray(update) && !keys(update).every((key) => key.startsWith('$'))) {
    throw invalid('"update" holds operators such as $set; a whole document is given to replaceOne.');
  }
  if (operation.operation === 'replaceOne' && keys(document).some((key) => key.startsWith('$'))) {
    throw invalid('"document" of replaceOne holds no operators.');
  }
}
