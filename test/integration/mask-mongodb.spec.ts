import mongoose, { mongo } from 'mongoose';
import { maskStages } from '../../src/sql/mongodb/rewrite/mask-document';
import { maskValue, type FixedMask } from '../../src/sql/mongodb/rewrite/mask-value';
import { describeEngine, freshMongoDatabase, type FreshDatabase } from '../servers/servers';

const { Binary, Decimal128, Double, Int32, Long, MinKey, ObjectId, Timestamp, BSONRegExp } = mongo.BSON;
const id = new ObjectId('0123456789abcdef01234567');
const absent = Symbol('absent');

/** By kind: a value as it is stored, and as it is shown. */
const shown: Readonly<Record<FixedMask, readonly (readonly [unknown, unknown])[]>> = {
  email: [
    ['alice@example.com', 'al***@example.com'],
    ['abc@x', 'ab***@x'],
    ['ab@x.org', 'a***@x.org'],
    ['a@x.org', '***@x.org'],
    ['@x.org', '***@x.org'],
    ['nobody', '***'],
    ['', '***'],
    ['@', '***@'],
    ['name@', 'na***@'],
    ['"a@b"@x.org', '"a***@x.org'],
    ['żółw@é.pl', 'żó***@é.pl'],
    ['😀😁😂@x', '😀😁***@x'],
    ['a\u0301bc@x', 'a\u0301***@x'],
    ['two\nlines@x', 'tw***@x'],
    [
      ['alice@example.com', null, 5, ['alice@example.com']],
      ['al***@example.com', null, '***', '***'],
    ],
    [[], []],
    [{ a: 'alice@example.com' }, '***'],
    [12, '***'],
  ],
  phone: [
    ['+41791234567', '+41***4567'],
    ['0123456789', '012***6789'],
    ['012345678', '***'],
    ['', '***'],
    ['éééééééééé', 'ééé***éééé'],
    [Long.fromString('41791234567'), '417***4567'],
    [new Double(41791234567), '417***4567'],
    [Decimal128.fromString('41791234567.50'), '417***7.50'],
    [new Int32(5), '***'],
    [true, '***'],
    [new Binary(Buffer.from('0123456789012')), '***'],
  ],
  card_number: [
    ['4111111111111111', '4111***1111'],
    ['411111111111', '4111***1111'],
    ['41111111111', '***'],
    [id, '0123***4567'],
    [new Date('2024-01-02T03:04:05.678Z'), '2024***678Z'],
  ],
  name: [
    ['Alice', 'A***'],
    ['é', 'é***'],
    ['😀x', '😀***'],
    ['', '***'],
    [7, '7***'],
    [new Timestamp({ t: 1, i: 2 }), '***'],
    [new BSONRegExp('^a', ''), '***'],
    [Number.NaN, 'N***'],
  ],
  full: [
    ['Alice', '***'],
    ['', '***'],
    [7, null],
    [true, null],
    [id, null],
    [new Date(0), null],
    [['Alice'], null],
    [{ a: 'Alice' }, null],
    [new MinKey(), null],
  ],
  null: [
    ['Alice', null],
    [7, null],
    [['Alice'], null],
    [{ a: 1 }, null],
    [new MinKey(), null],
  ],
};
const kinds = Object.keys(shown) as FixedMask[];

describeEngine('mongodb', () => {
  let fresh: FreshDatabase;
  let connection: mongoose.Connection;
  const collection = () => connection.getClient().db().collection('masked');
  const through = async (document: object, stages: object[], options = {}): Promise<unknown> => {
    await collection().deleteMany({});
    await collection().insertOne({ ...document });
    return collection()
      .aggregate([...stages, { $project: { _id: 0 } }], options)
      .next();
  };

  beforeAll(async () => {
    fresh = await freshMongoDatabase();
    connection = await mongoose.createConnection(fresh.url).asPromise();
  });
  afterAll(async () => {
    await connection.close();
    await fresh.drop();
  });

  it.each(
    kinds.flatMap((kind) =>
      [...shown[kind], [null, null] as const, [absent, absent] as const].map(
        ([value, expected]) => [kind, value, expected] as const,
      ),
    ),
  )('%s shows %p as %p', async (kind, value, expected) => {
    const stages = maskStages(new Map([['v', (name: string) => maskValue(kind, name)]]), []);
    const document = value === absent ? { other: 1 } : { other: 1, v: value };
    expect(await through(document, stages)).toEqual(
      expected === absent ? { other: 1 } : { other: 1, v: expected },
    );
  });

  it.each([
    { locale: 'en', strength: 1 },
    { locale: 'en', strength: 1, alternate: 'shifted', numericOrdering: true },
  ] as const)('shows the same under the collation %j', async (collation) => {
    const masks = new Map(kinds.map((kind) => [kind, (name: string) => maskValue(kind, name)]));
    const document = Object.fromEntries(kinds.map((kind) => [kind, 'alice.mayer@example.com']));
    expect(await through(document, maskStages(masks, []), { collation })).toEqual({
      email: 'al***@example.com',
      phone: 'ali***.com',
      card_number: 'alic***.com',
      name: 'a***',
      full: '***',
      null: null,
    });
  });

  const at = (...paths: string[]) =>
    maskStages(new Map(paths.map((path) => [path, (name: string) => maskValue('full', name)])), []);

  it.each<[string[], object, object]>([
    [['a.b'], { a: { b: 'x', c: 1 } }, { a: { b: '***', c: 1 } }],
    [['a.b'], { a: [{ b: 'x' }, { c: 1 }, 2, null] }, { a: [{ b: '***' }, { c: 1 }, 2, null] }],
    [['a.b'], { a: [[{ b: 'x' }]] }, { a: [[{ b: '***' }]] }],
    [['a.b'], { a: [[[{ b: 'x' }]]] }, { a: [[null]] }],
    [['a.b'], { a: 'x' }, { a: 'x' }],
    [['a.b'], { c: 1 }, { c: 1 }],
    [['a.b.c'], { a: [{ b: [{ c: 'x' }, { d: 1 }] }] }, { a: [{ b: [{ c: '***' }, { d: 1 }] }] }],
    [['a.b', 'a.c'], { a: { b: 'x', c: 'y', d: 1 } }, { a: { b: '***', c: '***', d: 1 } }],
    [['a', 'a.b'], { a: { b: 'x' } }, { a: null }],
    [['a.b', 'a'], { a: 'x' }, { a: '***' }],
    [['a b.ü'], { 'a b': { ü: 'x' } }, { 'a b': { ü: '***' } }],
    [['a.b'], { 'a.b': 'x', a: { b: 'y' } }, { a: { b: '***' } }],
    [['a.b.c'], { a: { 'b.c': 'x', b: 1 }, 'a.b': { c: 'x' }, 'a.b.c': 'x' }, { a: { b: 1 } }],
    [['a.b.c'], { a: [{ 'b.c': 'x' }] }, { a: [{}] }],
  ])('reaches %j in %j', async (paths, document, expected) => {
    expect(await through(document, at(...paths))).toEqual(expected);
  });

  it('leaves out members with the dots of a denied path in their names', async () => {
    const document = { a: { 'b.c': 'x', d: 1 }, 'a.b': { c: 'x' }, 'a.b.c': 'x' };
    expect(await through(document, maskStages(new Map(), ['a.b.c']))).toEqual({ a: { d: 1 } });
  });
});
