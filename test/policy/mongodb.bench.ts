import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { freshMongoDatabase, type FreshDatabase } from '../servers/servers';
import type { BareAnswer, Bench } from './bench';
import { digestOf } from './digest-of';
import type { Statement } from './suite-entry';
import { tablesOf, type Cell, type World } from './worlds';

type Database = mongoose.mongo.Db;
type Document = mongoose.mongo.Document;
type Views = Readonly<Record<string, { viewOn: string; pipeline: Document[] }>>;

const { EJSON } = mongoose.mongo.BSON;
const views = (name: string): Views =>
  JSON.parse(readFileSync(join(__dirname, 'fixture', name), 'utf8')) as Views;

/** Members that hold numbers in the data as decimal text. */
const decimals = new Set(['salary', 'credit_limit', 'total', 'internal_margin', 'unit_price', 'price']);

interface Opened {
  readonly fresh: FreshDatabase;
  readonly connection: mongoose.Connection;
  readonly database: Database;
}

async function open(): Promise<Opened> {
  const fresh = await freshMongoDatabase();
  const connection = await mongoose.createConnection(fresh.url).asPromise();
  return { fresh, connection, database: connection.getClient().db() };
}

/** Databases of their own: two worlds, a copy of A, and views that show what the policies leave. */
export async function mongodbBench(): Promise<Bench> {
  const opened = { A: await open(), B: await open(), copy: await open(), masked: await open() };
  for (const name of ['A', 'B', 'copy'] as const) {
    const { database } = opened[name];
    await fill(database, name === 'copy' ? 'A' : name, (table) => table);
    await createViews(database, views('mongodb.views.json'));
    await database.collection('customers').createIndex({ salary: 1 }, { name: 'by_salary' });
    await database.collection('customers').createIndex({ notes: 'text' });
    await database.collection('products').createIndex({ description: 'text' });
  }
  const protectedOnes = views('mongodb.masked.json');
  await fill(opened.masked.database, 'A', (name) => (name in protectedOnes ? `base_${name}` : name));
  await opened.masked.database.collection('products').createIndex({ description: 'text' });
  await createViews(opened.masked.database, protectedOnes);

  return {
    engine: 'mongodb',
    target(world) {
      const { fresh } = opened[world];
      return {
        type: 'mongodb',
        host: fresh.host,
        port: fresh.port,
        database: fresh.database,
        username: fresh.username,
        password: fresh.password,
        options: { authSource: new URL(fresh.url).searchParams.get('authSource') ?? 'admin' },
      };
    },
    aliases: {
      A: [[opened.A.fresh.database, 'database']],
      B: [[opened.B.fresh.database, 'database']],
    },
    form: loose,
    documents: true,
    bare: (world, statement) => ask(opened[world].database, statement),
    masked: (statement) => ask(opened.masked.database, statement),
    change: (statement) => ask(opened.copy.database, statement),
    digest: (world) => digest(opened[world].database),
    async close() {
      for (const { connection, fresh } of Object.values(opened)) {
        await connection.close();
        await fresh.drop();
      }
    },
  };
}

async function createViews(database: Database, all: Views): Promise<void> {
  for (const [name, view] of Object.entries(all)) await database.createCollection(name, view);
}

async function fill(database: Database, world: World, nameOf: (table: string) => string): Promise<void> {
  for (const { name, columns, rows } of tablesOf(world)) {
    const documents = rows.map((row) => documentOf(name, columns, row));
    await database.collection(nameOf(name)).insertMany(documents);
  }
}

function documentOf(table: string, columns: readonly string[], row: readonly Cell[]): Document {
  const document: Document = {};
  for (const [at, cell] of row.entries()) {
    const column = columns[at] ?? '';
    document[column === 'id' ? '_id' : column] = valueOf(column, cell);
  }
  if (table === 'orders') document['tenant'] = (document['customer_id'] as number) <= 8 ? 'acme' : 'rival';
  if (table === 'customers')
    document['profile'] = { ssn: document['national_id'], mother: document['name'], likes: ['tea'] };
  return document;
}

function valueOf(column: string, cell: Cell): unknown {
  if (typeof cell !== 'string') return cell;
  if (decimals.has(column)) return Number(cell);
  if (/^\{".*\}$/.test(cell)) return JSON.parse(cell);
  return column.endsWith('_at') ? new Date(`${cell.replace(' ', 'T')}Z`) : cell;
}

/** Numbers of any type and dates in one form. */
function loose(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string')
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? new Date(value).toISOString() : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(loose);
  const tagged = value as Readonly<Record<string, unknown>>;
  for (const tag of ['$numberInt', '$numberLong', '$numberDouble', '$numberDecimal'])
    if (tag in tagged) return String(Number(tagged[tag]));
  if ('$date' in tagged) return new Date(tagged['$date'] as string).toISOString();
  return Object.fromEntries(Object.entries(tagged).map(([name, member]) => [name, loose(member)]));
}

async function ask(database: Database, statement: Statement): Promise<BareAnswer> {
  try {
    const operation = EJSON.parse(JSON.stringify(statement)) as Document;
    const collection = database.collection(operation['collection'] as string);
    const run = operations[operation['operation'] as string];
    if (run === undefined) throw new Error(`no operation ${operation['operation']}`);
    const answer = await run(collection, operation);
    if (typeof answer === 'number') return { ok: true, rows: [], columns: [], affected: answer, said: '' };
    const documents = JSON.parse(EJSON.stringify(answer, { relaxed: true })) as Document[];
    return {
      ok: true,
      rows: documents.map((each) => [each]),
      columns: ['document'],
      affected: null,
      said: '',
    };
  } catch (error) {
    return { ok: false, rows: [], columns: [], affected: null, said: (error as Error).message };
  }
}

type Run = (collection: mongoose.mongo.Collection, operation: Document) => Promise<Document[] | number>;

const optionsOf = ({ projection, sort, skip, limit, collation, hint }: Document): Document =>
  Object.fromEntries(
    Object.entries({ projection, sort, skip, limit, collation, hint, maxTimeMS: 5000 }).filter(
      ([, value]) => value !== undefined,
    ),
  );
const filterOf = (operation: Document): Document => (operation['filter'] as Document | undefined) ?? {};
const count: Run = async (collection, operation) => [
  { count: await collection.countDocuments(filterOf(operation), optionsOf(operation)) },
];

const operations: Readonly<Record<string, Run>> = {
  find: (collection, operation) => collection.find(filterOf(operation), optionsOf(operation)).toArray(),
  findOne: (collection, operation) =>
    collection.find(filterOf(operation), { ...optionsOf(operation), limit: 1 }).toArray(),
  aggregate: (collection, operation) =>
    collection.aggregate(operation['pipeline'] as Document[], optionsOf(operation)).toArray(),
  count,
  countDocuments: count,
  estimatedDocumentCount: async (collection) => [{ count: await collection.estimatedDocumentCount() }],
  distinct: async (collection, operation) => {
    const field = operation['field'] as string;
    const values = (await collection.distinct(field, filterOf(operation))) as unknown[];
    return values.map((value) => ({ [field]: value }));
  },
  insertOne: async (collection, operation) =>
    Number((await collection.insertOne(operation['document'] as Document)).acknowledged),
  insertMany: async (collection, operation) =>
    (await collection.insertMany(operation['documents'] as Document[])).insertedCount,
  updateOne: async (collection, operation) =>
    (await collection.updateOne(filterOf(operation), operation['update'] as Document)).modifiedCount,
  updateMany: async (collection, operation) =>
    (await collection.updateMany(filterOf(operation), operation['update'] as Document)).modifiedCount,
  replaceOne: async (collection, operation) =>
    (
      (await collection.replaceOne(filterOf(operation), operation['document'] as Document)) as {
        modifiedCount: number;
      }
    ).modifiedCount,
  deleteOne: async (collection, operation) => (await collection.deleteOne(filterOf(operation))).deletedCount,
  deleteMany: async (collection, operation) =>
    (await collection.deleteMany(filterOf(operation))).deletedCount,
};

/** Every document, definition and index. */
async function digest(database: Database): Promise<string> {
  const collections = await database.listCollections({}, { nameOnly: false }).toArray();
  const parts: [string, string][] = [];
  for (const info of collections.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name, type } = info;
    parts.push([`${name} (${type})`, JSON.stringify('options' in info ? info.options : null)]);
    if (type === 'view' || name.startsWith('system.')) continue;
    const documents = await database.collection(name).find().toArray();
    const lines = documents.map((each) => EJSON.stringify(each)).sort();
    parts.push([name, lines.join('\n')]);
    parts.push([`indexes of ${name}`, JSON.stringify(await database.collection(name).indexes())]);
  }
  return digestOf(parts);
}
