import type { mongo } from 'mongoose';
import type { ColumnInfo, IndexInfo, TableInfo } from '../table-info';
import { bsonTypeOf, columnTypeOf } from './bson-types';
import type { Document } from './encode-documents';

const SAMPLE = 100;
const AT_ONCE = 4;
/** Types stay visible: int and long are told apart, and so are subtypes of binary data. */
export const exactTypes = {
  promoteValues: false,
  promoteLongs: false,
  bsonRegExp: true,
  enableUtf8Validation: false,
} as const;

interface Listed {
  readonly name: string;
  readonly type?: string;
  readonly options?: { readonly validator?: unknown; readonly viewOn?: string };
}

/** Collections with the members that a sample of their documents has: MongoDB keeps no list of them. */
export async function introspectCollections(
  db: mongo.Db,
  maxTimeMS: number,
  comment: string,
): Promise<TableInfo[]> {
  const listed = (await db.listCollections({}, { comment }).toArray()) as unknown as Listed[];
  const names = listed.filter(({ name }) => !name.startsWith('system.'));
  const tables: TableInfo[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names
      .slice(at, at + AT_ONCE)
      .map((collection) => describe(db, collection, { maxTimeMS, comment }));
    tables.push(...(await Promise.all(some)));
  }
  return tables.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

async function describe(
  db: mongo.Db,
  { name, type, options }: Listed,
  guards: { maxTimeMS: number; comment: string },
): Promise<TableInfo> {
  const collection = db.collection(name);
  const view = type === 'view';
  const sample = await collection
    .aggregate<Document>([{ $sample: { size: SAMPLE } }], { ...guards, ...exactTypes })
    .toArray();
  return {
    schema: null,
    name,
    kind: view ? 'view' : 'collection',
    comment: null,
    // counting a view runs it
    rowEstimate: view ? null : await collection.estimatedDocumentCount(guards),
    columns: columnsOf(sample, descriptionsOf(options?.validator), requiredOf(options?.validator)),
    indexes: view ? [] : (await collection.listIndexes({ comment: guards.comment }).toArray()).map(indexOf),
    foreignKeys: [],
  };
}

function columnsOf(
  sample: readonly Document[],
  descriptions: ReadonlyMap<string, string>,
  required: ReadonlySet<string>,
): ColumnInfo[] {
  const types = new Map<string, Set<string>>();
  for (const document of sample) {
    for (const [name, value] of Object.entries(document)) {
      types.set(name, (types.get(name) ?? new Set()).add(bsonTypeOf(value)));
    }
  }
  return [...types].map(([name, found]): ColumnInfo => {
    const named = [...found].filter((type) => type !== 'null').toSorted();
    return {
      name,
      type: columnTypeOf(found),
      nativeType: named.length > 0 ? named.join('|') : 'null',
      nullable: name !== '_id' && !required.has(name),
      defaultExpression: null,
      primaryKey: name === '_id',
      comment: descriptions.get(name) ?? null,
    };
  });
}

interface JsonSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly description?: unknown }>>;
}
const schemaOf = (validator: unknown): JsonSchema =>
  (validator as { $jsonSchema?: JsonSchema } | undefined)?.$jsonSchema ?? {};

function descriptionsOf(validator: unknown): Map<string, string> {
  const entries = Object.entries(schemaOf(validator).properties ?? {});
  return new Map(
    entries.flatMap(([name, { description }]) =>
      typeof description === 'string' ? [[name, description]] : [],
    ),
  );
}

const requiredOf = (validator: unknown): Set<string> => new Set(schemaOf(validator).required ?? []);

function indexOf(index: { name?: string; key?: Record<string, unknown>; unique?: boolean }): IndexInfo {
  const columns = Object.keys(index.key ?? {});
  // the index of _id is unique without saying so
  const unique = index.unique === true || (columns.length === 1 && columns[0] === '_id');
  return { name: index.name ?? '', columns, unique };
}
