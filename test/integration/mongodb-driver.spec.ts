import mongoose, { mongo } from 'mongoose';
import { AppError } from '../../src/common/app-error';
import { RawJson, type Cell } from '../../src/drivers/cell';
import type { ConnectionInput, ConnectOptions, QueryRequest, Source } from '../../src/drivers/driver';
import { judgePrivileges } from '../../src/drivers/mongodb/judge-privileges';
import { mongodbDriver } from '../../src/drivers/mongodb/mongodb-driver';
import { connectOptions, never } from '../contract/driver-contract';
import { describeEngine, freshMongoDatabase, type FreshDatabase } from '../servers/servers';

const {
  EJSON,
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} = mongo.BSON;

const plain = (cell: Cell | undefined): unknown => (cell instanceof RawJson ? cell.text : cell);
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const outcome: unknown = await work.then(
    () => ({ code: 'nothing was refused' }),
    (error: unknown) => error,
  );
  return (outcome as AppError).code;
};

describeEngine('mongodb', () => {
  let fresh: FreshDatabase;
  let input: ConnectionInput;
  let source: Source;
  let direct: mongoose.Connection;

  const open = (overrides: Partial<ConnectOptions> = {}, other: ConnectionInput = input): Promise<Source> =>
    mongodbDriver.connect(mongodbDriver.parseConfig(other), connectOptions(overrides), never);
  const run = async (operation: object, extra: Partial<QueryRequest> = {}) => {
    const text = JSON.stringify(operation);
    const cursor = await source.query(
      { text, values: [], access: 'read', timeoutMs: 30_000, ...extra },
      never,
    );
    await using _ = cursor;
    const rows = await cursor.read(100_000);
    return { columns: cursor.columns, rows, affectedRows: cursor.affectedRows };
  };
  const write = (operation: object) => run(operation, { access: 'write' });

  beforeAll(async () => {
    fresh = await freshMongoDatabase();
    const { host, port, database, username, password } = fresh;
    input = { host, port, database, username, password };
    direct = await mongoose.createConnection(fresh.url).asPromise();
    source = await open();
  });

  afterAll(async () => {
    await source.close();
    await direct.close();
    await fresh.drop();
  });

  const values: readonly [string, unknown, string, unknown][] = [
    ['double', new Double(1.5), 'float', 1.5],
    ['double', new Double(5), 'float', 5],
    ['double', new Double(Number.NaN), 'float', 'NaN'],
    ['double', new Double(Number.NEGATIVE_INFINITY), 'float', '-Infinity'],
    ['double', new Double(-0), 'float', '-0'],
    ['string', 'é\0x', 'text', 'é\0x'],
    ['object', { a: new Int32(1), b: { $c: 'x' } }, 'json', '{"a":1,"b":{"$c":"x"}}'],
    ['array', [new Int32(1), 'x', null], 'json', '[1,"x",null]'],
    ['binData', new Binary(Buffer.from([0, 255])), 'bytes', 'AP8='],
    [
      'binData(128)',
      new Binary(Buffer.from([1]), 128),
      'mixed',
      '{"$binary":{"base64":"AQ==","subType":"80"}}',
    ],
    [
      'uuid',
      new mongo.BSON.UUID('00112233-4455-6677-8899-aabbccddeeff'),
      'uuid',
      '00112233-4455-6677-8899-aabbccddeeff',
    ],
    ['objectId', new ObjectId('0123456789abcdef01234567'), 'objectid', '0123456789abcdef01234567'],
    ['bool', true, 'boolean', true],
    ['date', new Date('2024-02-29T12:30:00.123Z'), 'timestamptz', '2024-02-29T12:30:00.123Z'],
    ['date', new Date('0001-01-01T00:00:00.000Z'), 'timestamptz', '0001-01-01T00:00:00.000Z'],
    ['null', null, 'mixed', null],
    ['regex', new BSONRegExp('^a', 'i'), 'mixed', '{"$regularExpression":{"pattern":"^a","options":"i"}}'],
    ['javascript', new Code('x'), 'mixed', '{"$code":"x"}'],
    ['symbol', new BSONSymbol('x'), 'mixed', '{"$symbol":"x"}'],
    ['int', new Int32(-2147483648), 'integer', -2147483648],
    ['timestamp', new Timestamp({ t: 5, i: 6 }), 'mixed', '{"$timestamp":{"t":5,"i":6}}'],
    ['long', Long.fromString('9223372036854775807'), 'bigint', '9223372036854775807'],
    ['decimal', Decimal128.fromString('12.50'), 'decimal', '12.50'],
    ['decimal', Decimal128.fromString('1E+6000'), 'decimal', '1E+6000'],
    ['minKey', new MinKey(), 'mixed', '{"$minKey":1}'],
    ['maxKey', new MaxKey(), 'mixed', '{"$maxKey":1}'],
  ];

  it.each(values.map((entry, at) => [at, ...entry] as const))(
    'gives value %i (%s) in its one form',
    async (at, native, value, type, form) => {
      const name = `type${at}`;
      await direct.getClient().db().collection(name).insertOne({ v: value });
      const { columns, rows } = await run({ operation: 'find', collection: name, projection: { _id: 0 } });
      expect(columns).toEqual([{ name: 'v', type, nativeType: native }]);
      expect(rows.map((row) => row.map(plain))).toEqual([[form]]);
    },
  );

  it('brings every type back from inside a document, and takes it again', async () => {
    const document = Object.fromEntries(values.map(([, value], at) => [`m${at}`, value]));
    const rows = direct.getClient().db().collection('nested');
    await rows.insertOne({ v: document });
    const found = await run({ operation: 'find', collection: 'nested', projection: { _id: 0 } });
    const text = String(plain(found.rows[0]?.[0]));
    await write(
      JSON.parse(`{"operation":"insertOne","collection":"again","document":{"v":${text}}}`) as object,
    );
    const again = await run({ operation: 'find', collection: 'again', projection: { _id: 0 } });
    expect(plain(again.rows[0]?.[0])).toBe(text);
    const types = { promoteValues: false, bsonRegExp: true } as const;
    const stored = await Promise.all(
      ['nested', 'again'].map((name) =>
        direct
          .getClient()
          .db()
          .collection(name)
          .findOne({}, { ...types, projection: { _id: 0 } }),
      ),
    );
    expect(EJSON.stringify(stored[1], { relaxed: false })).toBe(
      EJSON.stringify(stored[0], { relaxed: false }),
    );
  });

  it('adds columns as documents bring them, and leaves what a document lacks', async () => {
    const rows = direct.getClient().db().collection<{ _id: number; [name: string]: unknown }>('ragged');
    await rows.insertMany([
      { _id: 1, a: 1 },
      { _id: 2, b: 'x', a: 2.5 },
      { _id: 3, c: true },
    ]);
    const { columns, rows: found } = await run({ operation: 'find', collection: 'ragged', sort: { _id: 1 } });
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ['_id', 'integer'],
      ['a', 'float'],
      ['b', 'text'],
      ['c', 'boolean'],
    ]);
    expect(found).toEqual([
      [1, 1],
      [2, 2.5, 'x'],
      [3, null, null, true],
    ]);
  });

  it('keeps a later value of another type apart', async () => {
    const rows = direct.getClient().db().collection<{ _id: number; [name: string]: unknown }>('later');
    await rows.insertMany(Array.from({ length: 1_000 }, (_, n) => ({ _id: n, v: n })));
    await rows.insertMany([
      { _id: 1_000, v: 'text' },
      { _id: 1_001, v: Long.fromNumber(5) },
    ]);
    const { columns, rows: found } = await run({ operation: 'find', collection: 'later', sort: { _id: 1 } });
    expect(columns[1]).toEqual({ name: 'v', type: 'integer', nativeType: 'int' });
    expect(found.slice(-3).map((row) => plain(row[1]))).toEqual([
      999,
      '{"$text":"text"}',
      '{"$numberLong":"5"}',
    ]);
  });

  it('is not fooled by members that pretend to be a class of the client library', async () => {
    // the client library would not send such a document, so the server makes it
    await direct.getClient().db().collection('pretends').insertOne({ v: 1 });
    await direct
      .getClient()
      .db()
      .collection('pretends')
      .updateOne({}, [
        {
          $replaceRoot: {
            newRoot: { $arrayToObject: [[{ k: 'v', v: { $arrayToObject: [[['_bsontype', 'ObjectId']]] } }]] },
          },
        },
      ]);
    const { rows } = await run({ operation: 'find', collection: 'pretends', projection: { _id: 0 } });
    expect(plain(rows[0]?.[0])).toBe('{"_bsontype":"ObjectId"}');
    const filter = { v: { _bsontype: 'ObjectId', $where: 'true' } };
    expect(await codeOf(run({ operation: 'find', collection: 'pretends', filter }))).toBe(
      'query.unsupported',
    );
  });

  it('reads by every operation that reads', async () => {
    const rows = direct.getClient().db().collection<{ _id: number; [name: string]: unknown }>('read');
    await rows.insertMany(Array.from({ length: 10 }, (_, n) => ({ _id: n, odd: n % 2 === 1 })));
    const collection = 'read';
    const rowsOf = async (operation: object) => (await run(operation)).rows;
    expect(
      await rowsOf({ operation: 'findOne', collection, filter: { _id: { $gt: 3 } }, sort: { _id: 1 } }),
    ).toEqual([[4, false]]);
    expect(
      await rowsOf({
        operation: 'find',
        collection,
        sort: { _id: -1 },
        skip: 1,
        limit: 2,
        projection: { _id: 1 },
      }),
    ).toEqual([[8], [7]]);
    expect(await rowsOf({ operation: 'count', collection, filter: { odd: true }, skip: 1 })).toEqual([['4']]);
    expect(await rowsOf({ operation: 'countDocuments', collection, limit: 3 })).toEqual([['3']]);
    expect(await rowsOf({ operation: 'countDocuments', collection: 'nowhere' })).toEqual([['0']]);
    expect(await rowsOf({ operation: 'estimatedDocumentCount', collection })).toEqual([['10']]);
    expect(await rowsOf({ operation: 'distinct', collection, field: 'odd' })).toEqual([[false], [true]]);
    expect(
      await rowsOf({
        operation: 'aggregate',
        collection,
        pipeline: [{ $group: { _id: '$odd', n: { $sum: 1 } } }, { $sort: { _id: 1 } }],
      }),
    ).toEqual([
      [false, 5],
      [true, 5],
    ]);
  });

  it('writes by every operation that writes, and counts', async () => {
    const collection = 'changed';
    const affected = async (operation: object) => (await write({ collection, ...operation })).affectedRows;
    expect(await affected({ operation: 'insertOne', document: { _id: 1, n: 1 } })).toBe(1);
    expect(
      await affected({
        operation: 'insertMany',
        documents: [
          { _id: 2, n: 1 },
          { _id: 3, n: 1 },
        ],
      }),
    ).toBe(2);
    expect(await affected({ operation: 'updateOne', filter: { _id: 1 }, update: { $inc: { n: 1 } } })).toBe(
      1,
    );
    expect(
      await affected({ operation: 'updateMany', filter: {}, update: [{ $set: { n: { $add: ['$n', 1] } } }] }),
    ).toBe(3);
    expect(await affected({ operation: 'replaceOne', filter: { _id: 1 }, document: { n: 9 } })).toBe(1);
    expect(await affected({ operation: 'deleteOne', filter: { n: 2 } })).toBe(1);
    expect(await affected({ operation: 'deleteMany', filter: {} })).toBe(2);
    expect(
      await codeOf(write({ operation: 'insertMany', collection, documents: [{ _id: 1 }, { _id: 1 }] })),
    ).toBe('query.constraint');
  });

  it('answers with the plan of a read without running it, and asks for none of what writes', async () => {
    await write({ operation: 'insertOne', collection: 'planned', document: { a: 1 } });
    for (const operation of [
      { operation: 'find', collection: 'planned', filter: { a: 1 } },
      { operation: 'aggregate', collection: 'planned', pipeline: [{ $group: { _id: '$a' } }] },
      { operation: 'count', collection: 'planned' },
    ]) {
      const { columns, rows } = await run(operation, { explain: true, maxRows: 10 });
      expect(columns.map(({ name }) => name)).toEqual(['plan']);
      expect(rows).toEqual([[expect.stringContaining('COLLSCAN')]]);
    }
    for (const [operation, access] of [
      [{ operation: 'deleteMany', collection: 'planned', filter: {} }, 'write'],
      [{ operation: 'aggregate', collection: 'planned', pipeline: [{ $out: 'copied' }] }, 'write'],
      [{ operation: 'find', collection: 'planned' }, 'write'],
    ] as const)
      expect(await codeOf(run(operation, { access, explain: true }))).toBe('query.unsupported');
    expect((await run({ operation: 'find', collection: 'planned' })).rows).toHaveLength(1);
    expect((await run({ operation: 'find', collection: 'copied' })).rows).toHaveLength(0);
  });

  it('runs no JavaScript, shows no sessions, reads no collections of the system, with any access', async () => {
    const aggregate = (...pipeline: object[]) => ({ operation: 'aggregate', collection: 'read', pipeline });
    const js = { body: 'function() { return 1 }', args: [], lang: 'js' };
    for (const operation of [
      { operation: 'find', collection: 'read', filter: { $or: [{ $where: 'true' }] } },
      { operation: 'find', collection: 'read', filter: { $expr: { $function: js } } },
      { operation: 'find', collection: 'read', projection: { x: { $function: js } } },
      { operation: 'find', collection: 'read', filter: { a: { $code: 'x' } } },
      { operation: 'updateMany', collection: 'read', filter: { $where: 'true' }, update: { $set: { a: 1 } } },
      {
        operation: 'updateMany',
        collection: 'read',
        filter: {},
        update: [{ $set: { a: { $function: js } } }],
      },
      aggregate({ $group: { _id: null, x: { $accumulator: {} } } }),
      aggregate({ $lookup: { from: 'read', as: 'x', pipeline: [{ $match: { $expr: { $function: js } } }] } }),
      aggregate({ $currentOp: {} }),
      aggregate({ $listSessions: {} }),
      aggregate({ $collStats: {} }),
      aggregate({ $lookup: { from: 'system.users', as: 'x' } }),
      aggregate({ $lookup: { from: { db: 'admin', coll: 'system.users' }, as: 'x' } }),
      aggregate({ $unionWith: 'system.profile' }),
      aggregate({ $merge: { into: { db: 'other', coll: 'x' } } }),
      aggregate({ $out: { db: 'other', coll: 'x' } }),
      aggregate({ $merge: { into: 'x', whenMatched: [{ $set: { a: { $function: js } } }] } }),
      aggregate({ $facet: { a: [{ $indexStats: {} }] } }),
      { operation: 'find', collection: 'system.views' },
      { operation: 'find', collection: '$cmd' },
    ]) {
      for (const access of ['read', 'write'] as const) {
        const code = await codeOf(run(operation, { access }));
        expect({
          operation,
          refused: ['query.unsupported', 'query.invalid_operation', 'query.read_only'].includes(code),
        }).toEqual({
          operation,
          refused: true,
        });
      }
    }
  });

  it('resolves every name through the address policy, and asks it about literal addresses', async () => {
    const asked: string[] = [];
    const resolveHost: ConnectOptions['resolveHost'] = async (hostname) => {
      asked.push(hostname);
      if (hostname === '127.0.0.1') return { address: hostname, family: 4 };
      if (hostname === 'allowed.test') return { address: '127.0.0.1', family: 4 };
      throw new AppError('connection.address_denied');
    };
    const named = await open({ resolveHost }, { ...input, host: 'allowed.test' });
    expect((await named.test(never)).serverVersion).toMatch(/\d/);
    await named.close();
    expect(asked).toContain('allowed.test');
    expect(await codeOf(open({ resolveHost }, { ...input, host: 'metadata.test' }))).toBe(
      'connection.address_denied',
    );
    expect(await codeOf(open({ resolveHost }, { ...input, host: '169.254.169.254' }))).toBe(
      'connection.address_denied',
    );
    const list = `mongodb://127.0.0.1:${fresh.port},169.254.169.254:27017/${fresh.database}`;
    expect(await codeOf(open({ resolveHost }, { connectionString: list }))).toBe('connection.address_denied');
  });

  it('takes a connection string and shows it without its password', async () => {
    const { username, password, host, port, database } = fresh;
    const connectionString = `mongodb://${username}:${encodeURIComponent(password)}@${host}:${port}/${database}?authSource=admin`;
    const config = mongodbDriver.parseConfig({ connectionString });
    expect(JSON.stringify(mongodbDriver.publicConfig(config))).not.toContain(password);
    const own = await open({}, { connectionString });
    await own.close();
  });

  it('says what it can of the account, and no more', async () => {
    const report = await source.test(never);
    const codes = report.warnings.map(({ code }) => code);
    const unknown = report.readOnlyAccount === null;
    expect(codes).toHaveLength(1);
    expect(codes[0]).toMatch(unknown ? /^account_unverified$/ : /^account_(?:can_write|is_superuser)$/);
  });
});

describe('judging an account by its privileges (as the manual shows the reply)', () => {
  const reply = (actions: string[], roles: string[]) => ({
    authInfo: {
      authenticatedUsers: [{ user: 'u', db: 'admin' }],
      authenticatedUserRoles: roles.map((role) => ({ role, db: 'shop' })),
      authenticatedUserPrivileges: [{ resource: { db: 'shop', collection: '' }, actions }],
    },
  });

  const codesOf = (actions: string[], roles: string[]) =>
    judgePrivileges(reply(actions, roles))?.map(({ code }) => code);

  it('tells readers, writers and administrators apart, and admits not to know', () => {
    const reads = ['find', 'listCollections', 'collStats', 'changeStream', 'killCursors'];
    expect(codesOf(reads, ['read'])).toEqual([]);
    expect(judgePrivileges(reply([...reads, 'insert', 'remove'], ['readWrite']))).toEqual([
      { code: 'write_tables', detail: 'It has insert on shop, remove on shop.' },
    ]);
    expect(codesOf(['createIndex', 'createUser'], ['custom'])).toEqual(['create_objects', 'govern_accounts']);
    expect(codesOf(['somethingNew'], ['custom'])).toEqual(['administer_server']);
    expect(codesOf(['anyAction'], ['root'])).toEqual(['superuser']);
    expect(judgePrivileges({ ok: 1 })).toBeNull();
    expect(
      judgePrivileges({ authInfo: { authenticatedUsers: [], authenticatedUserPrivileges: [] } }),
    ).toMatchObject([{ code: 'superuser' }]);
  });
});
