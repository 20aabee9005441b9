import mongoose from 'mongoose';
import type { AppError } from '../../src/common/app-error';
import { RawJson, type Cell } from '../../src/drivers/cell';
import type { RelationVersion } from '../../src/common/relation-description';
import type { Source } from '../../src/drivers/driver';
import { mongodbDriver } from '../../src/drivers/mongodb/mongodb-driver';
import { analyse } from '../../src/sql/analyse';
import type { ColumnPolicy, RelationPolicy } from '../../src/sql/policy/relation-policy';
import { collect, connectOptions, failure, never } from '../contract/driver-contract';
import type { RewrittenStatement } from '../../src/sql/policy/rewriting';
import { describeEngine, freshMongoDatabase, type FreshDatabase } from '../servers/servers';
import { attacks, refusedAttacks } from './policy-mongodb.attacks';
import { canaries, documents, hiddenChanges, views } from './policy-mongodb.data';
import { honest, transparent, writes } from './policy-mongodb.honest';
import { randomOperations } from './policy-mongodb.random';
import { rewriteOnSource } from './rewrite-on-source';

type Policies = Readonly<Record<string, RelationPolicy>>;
type Outcome =
  | { code: string; detail: string }
  | {
      rows: Record<string, unknown>[];
      affectedRows: number | null;
      sent: string;
      masked: RewrittenStatement['maskedColumns'];
    };

const mask = (kind: string): ColumnPolicy => ({ rule: 'mask', mask: kind }) as ColumnPolicy;
const expression = (value: unknown): ColumnPolicy => ({
  rule: 'mask',
  mask: 'expression',
  expression: JSON.stringify(value),
});
const deny: ColumnPolicy = { rule: 'deny' };
const policy = (rowFilters: readonly object[], columns: Record<string, ColumnPolicy>): RelationPolicy => ({
  rowFilters: rowFilters.map((filter) => JSON.stringify(filter)),
  columns: new Map(Object.entries(columns)),
});

const policies: Policies = {
  customers: policy([{ tenant: ':tenant' }], {
    email: mask('email'),
    phone: mask('phone'),
    card: mask('card_number'),
    name: mask('name'),
    notes: mask('full'),
    salary: mask('null'),
    level: expression({ $concat: ['~', { $substrCP: ['$$value', 0, 1] }, ':', ':username'] }),
    ssn: deny,
    'profile.ssn': deny,
    'profile.mother': mask('name'),
    'profile.deep.pin': deny,
    'contacts.value': mask('email'),
  }),
  orders: policy([{ $expr: { $eq: ['$tenant', ':tenant'] } }], { secret: deny }),
  staff: policy([], { pay: mask('null') }),
  ledger: policy([{ tenant: ':tenant', open: true }], {}),
  bounded: policy([], { mail: mask('full') }),
  payroll: policy([{ name: 'Al' }], { _id: mask('name'), secret: mask('full'), mail: deny }),
};

const plain = (cell: Cell | undefined): unknown =>
  cell instanceof RawJson ? (JSON.parse(cell.text) as unknown) : cell;

/** What a value looks like in the encodings that a statement can make of it. */
const disguises = (text: string): string[] => [
  text,
  text.toLowerCase(),
  text.toUpperCase(),
  Array.from(text).toReversed().join(''),
  Buffer.from(text).toString('hex'),
  Buffer.from(text).toString('base64').replace(/=+$/, '').slice(1, -1),
];

/** Members with something in them that only a mask makes, and that are not said to be masked. */
function unmarked(rows: readonly Record<string, unknown>[], masked: unknown): string[] {
  const members = masked == null ? [] : (masked as { members: string[] | null }).members;
  return rows
    .flatMap((row) => Object.entries(row))
    .filter(
      ([name, value]) =>
        /\*\*\*|~Z/i.test(JSON.stringify(value)) && members !== null && !members.includes(name),
    )
    .map(([name]) => name);
}

/** Groups come in the order of a hash table, which nobody promises. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value))
    return value
      .map(unordered)
      .toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unordered(member)]));
}

describeEngine('mongodb', () => {
  let fresh: FreshDatabase;
  let source: Source;
  let direct: mongoose.Connection;

  const load = async (): Promise<void> => {
    const db = direct.getClient().db();
    await db.dropDatabase();
    for (const [name, found] of Object.entries(documents())) await db.collection(name).insertMany(found);
    for (const [name, options] of Object.entries(views)) await db.createCollection(name, options);
    await db.collection('customers').createIndex({ ssn: 1 }, { sparse: true, name: 'by_ssn' });
    await db.collection('customers').createIndex({ email: 1 }, { name: 'by_email' });
    await db.collection('customers').createIndex({ notes: 'text' });
    await db.collection('places').createIndex({ at: '2dsphere' });
    await db.collection('ledger').createIndex({ text: 'text' });
  };

  /** As the service does: analysed, rewritten by the live catalog, run on what the rewriting rests on. */
  const ask = async (operation: object | string, under: Policies = policies): Promise<Outcome> => {
    const text = typeof operation === 'string' ? operation : JSON.stringify(operation);
    const analysis = await analyse('mongodb', text);
    if (!analysis.ok) return analysis.refusal;
    const variables = new Map<string, string | number | boolean | null>([
      ['tenant', 'acme'],
      ['username', '$ssn'],
      ['nothing', null],
    ]);
    const policyOf = ({ schema, name }: { schema: string | null; name: string }) =>
      schema === null && Object.hasOwn(under, name) ? (under[name] ?? null) : null;
    const viewer = { dialect: 'mongodb' as const, searchPath: [], policyOf, variables };
    const { rewriting, expects } = await rewriteOnSource(source, text, viewer, never);
    if (!rewriting.ok) {
      if ('missing' in rewriting) throw new Error('nothing is missing any more');
      return rewriting.refusal;
    }
    const sent = rewriting.statement.text;
    try {
      const { columns, rows, affectedRows } = await collect(source, {
        text: sent,
        values: [],
        access: analysis.facts.access,
        timeoutMs: 20_000,
        expects,
      });
      const named = rows.map((row) =>
        Object.fromEntries(
          columns.flatMap(({ name }, at) => (row[at] === undefined ? [] : [[name, plain(row[at])]])),
        ),
      );
      return { rows: named, affectedRows, sent, masked: rewriting.statement.maskedColumns };
    } catch (error) {
      const { code, message, extra } = error as AppError;
      return { code, detail: JSON.stringify([message, extra]) };
    }
  };

  beforeAll(async () => {
    fresh = await freshMongoDatabase();
    const { host, port, database, username, password } = fresh;
    direct = await mongoose.createConnection(fresh.url).asPromise();
    const config = mongodbDriver.parseConfig({ host, port, database, username, password });
    source = await mongodbDriver.connect(config, connectOptions(), never);
    await load();
  });

  afterAll(async () => {
    await source.close();
    await direct.close();
    await fresh.drop();
  });

  describe('what a viewer with policies sees', () => {
    it.each(honest)('%s', async (_, operation, rows) => {
      const outcome = await ask(operation);
      expect(outcome).toMatchObject({ rows });
      const { rows: found, masked } = outcome as Outcome & {
        rows: Record<string, unknown>[];
        masked: unknown;
      };
      expect(unmarked(found, masked)).toEqual([]);
    });
  });

  describe('operations under a policy that hides nothing answer as the bare server does', () => {
    const open: Policies = Object.fromEntries(
      ['goods', 'sales', 'customers', 'orders', 'places', 'ledger'].map((name) => [
        name,
        policy([{ _id: { $exists: true } }], { 'no.such.member': mask('full'), nosuch: mask('email') }),
      ]),
    );
    it.each(transparent.map((operation) => [JSON.stringify(operation), operation] as const))(
      '%s',
      async (text, operation) => {
        const bare = await ask(operation, {});
        expect(bare).toMatchObject({ sent: text });
        const governed = await ask(operation, open);
        expect(governed).toMatchObject({ rows: expect.any(Array) as unknown });
        const [left, right] = [bare, governed] as { rows: unknown[]; sent: string }[];
        expect(right?.sent).not.toBe(text);
        // distinct promises no order
        const inOrder = (rows: unknown[] = []): unknown[] =>
          text.includes('"distinct"') ? rows.map((row) => JSON.stringify(row)).toSorted() : rows;
        expect(inOrder(right?.rows)).toEqual(inOrder(left?.rows));
      },
    );
  });

  describe('what a viewer with policies writes', () => {
    beforeEach(load);
    afterAll(load);

    it.each(writes)('%s', async (_, operation, affectedRows, look, rows) => {
      const outcome = await ask(operation);
      expect(outcome).toMatchObject({ rows: [] });
      expect((outcome as { affectedRows: number | null }).affectedRows ?? 0).toBe(affectedRows);
      expect(await ask(look, {})).toMatchObject({ rows });
    });

    it('says no more of a guess that is right than of one that is wrong', async () => {
      const guess = (pay: number): object => ({
        operation: 'updateOne',
        collection: 'staff',
        filter: { _id: 1 },
        update: { $set: { pay } },
      });
      expect(await ask(guess(9_990_003))).toMatchObject({ affectedRows: 1 });
      expect(await ask(guess(9_990_003), {})).toMatchObject({ affectedRows: 0 });
    });
  });

  describe('a view that changes', () => {
    const read = { operation: 'find', collection: 'shifting' };
    const make = async (viewOn: string, pipeline: object[]): Promise<void> => {
      const db = direct.getClient().db();
      await db.dropCollection('shifting');
      await db.createCollection('shifting', { viewOn, pipeline });
    };
    beforeEach(() => make('goods', [{ $match: { _id: 1 } }]));

    const planned = async (operation: object) => {
      const text = JSON.stringify(operation);
      const viewer = {
        dialect: 'mongodb' as const,
        searchPath: [],
        policyOf: ({ name }: { name: string }) => policies[name] ?? null,
        variables: new Map([
          ['tenant', 'acme'],
          ['username', 'u'],
        ]),
      };
      const { rewriting, expects } = await rewriteOnSource(source, text, viewer, never);
      if (!rewriting.ok) throw new Error('the operation is refused');
      return { text: rewriting.statement.text, expects };
    };
    const run = (request: { text: string; expects?: RelationVersion[] }) =>
      collect(source, { values: [], access: 'read', timeoutMs: 20_000, ...request });

    it.each([
      ['on another collection', 'customers', []],
      ['with another pipeline', 'goods', [{ $unionWith: 'customers' }]],
    ])('is not read when it has been made anew %s', async (_, viewOn, pipeline) => {
      const { text, expects } = await planned(read);
      expect(text).toBe(JSON.stringify(read));
      await make(viewOn, pipeline);
      expect((await failure(run({ text, expects }))).code).toBe('query.schema_changed');
      const again = await planned(read);
      const shown = JSON.stringify((await run(again)).rows);
      expect(canaries.filter((canary) => shown.includes(canary))).toEqual([]);
    });

    it('is read as it was planned where something in it has a policy, because it is not asked by its name', async () => {
      await make('customers', [{ $match: { _id: 1 } }]);
      const { text } = await planned({ operation: 'count', collection: 'shifting' });
      await make('customers', []);
      expect((await run({ text })).rows).toEqual([['1']]);
    });
  });

  describe('operations that nobody thought of', () => {
    const forbidden = canaries.flatMap(disguises);
    it('show nothing hidden, and mostly run', async () => {
      const random = randomOperations(20_261_121);
      const strict = { ...policies, staff: policy([], { pay: mask('null'), mail: mask('full') }) };
      let run = 0;
      for (let count = 0; count < 400; count += 1) {
        const operation = random();
        const outcome = await ask(operation, strict);
        const { sent: _sent, ...shown } = outcome as { sent?: string; masked?: unknown; rows?: [] };
        const text = JSON.stringify(shown);
        const found = forbidden.filter((canary) => text.includes(canary));
        expect({ operation, found }).toEqual({ operation, found: [] });
        if (shown.rows === undefined) continue;
        run += 1;
        const wrong = unmarked(shown.rows, shown.masked);
        expect({ operation, wrong }).toEqual({ operation, wrong: [] });
      }
      expect(run).toBeGreaterThan(120);
    }, 120_000);
  });

  describe('what is hidden', () => {
    afterAll(load);

    it('makes no difference to any answer or failure', async () => {
      const strict = { ...policies, staff: policy([], { pay: mask('null'), mail: mask('full') }) };
      const operations = [
        ...Array.from({ length: 300 }, randomOperations(3)),
        ...[...attacks, ...refusedAttacks.map(([, operation]) => operation)].filter(
          (operation) =>
            !/"(?:insert|update|delete|replace)|\$(?:out|merge|sample|bsonSize)"/.test(
              JSON.stringify(operation),
            ),
        ),
        ...honest.map(([, operation]) => operation),
      ];
      // which of the groups come first is up to the server
      const settled = operations.filter(
        (operation) =>
          !/\$(?:group|sortByCount)".*\$limit|\$limit.*\$(?:group|sortByCount)"/.test(
            JSON.stringify(operation),
          ),
      );
      const answers = async (): Promise<Outcome[]> => {
        const found: Outcome[] = [];
        for (const operation of settled) found.push(await ask(operation, strict));
        return found;
      };
      const before = await answers();
      const db = direct.getClient().db();
      for (const [name, filter, change] of hiddenChanges)
        expect((await db.collection(name).updateMany(filter, change)).modifiedCount).toBeGreaterThan(0);
      await db
        .collection<{ _id: number }>('customers')
        .insertOne({ _id: 90, tenant: 'else', city: [0] } as never);
      const after = await answers();
      for (const [at, operation] of settled.entries())
        expect({ operation, answer: unordered(after[at]) }).toEqual({
          operation,
          answer: unordered(before[at]),
        });
    }, 120_000);
  });

  describe('attacks', () => {
    const forbidden = canaries.flatMap(disguises);

    it('finds the canaries where there is no policy', async () => {
      const outcome = await ask({ operation: 'find', collection: 'customers' }, {});
      const text = JSON.stringify(outcome);
      expect(canaries.filter((canary) => text.includes(canary)).length).toBeGreaterThan(12);
    });

    it.each(attacks.map((operation) => [JSON.stringify(operation), operation] as const))(
      'shows nothing hidden: %s',
      async (_, operation) => {
        const outcome = await ask(operation);
        const {
          sent: _sent,
          rows = [],
          masked,
          ...shown
        } = outcome as Partial<Outcome & { rows: [] }> & {
          sent?: string;
          masked?: unknown;
        };
        const text = JSON.stringify([rows, shown]);
        expect(unmarked(rows, masked)).toEqual([]);
        expect(forbidden.filter((canary) => text.includes(canary))).toEqual([]);
        expect(text).not.toContain('query.database_error');
      },
    );

    it.each(refusedAttacks.map(([code, operation]) => [code, JSON.stringify(operation), operation] as const))(
      'refuses as %s: %s',
      async (code, _, operation) => {
        const outcome = await ask(operation);
        expect(outcome).toMatchObject({ code });
        const text = JSON.stringify(outcome);
        expect(forbidden.filter((canary) => text.includes(canary))).toEqual([]);
      },
    );
  });
});
