import { analyse } from '../analyse';
import { describeAnalysis } from '../describe-analysis';

const describeMongodb = async (text: string): Promise<string> =>
  describeAnalysis(await analyse('mongodb', text));
const describeOperation = (operation: object): Promise<string> => describeMongodb(JSON.stringify(operation));
const aggregate = (...pipeline: unknown[]): object => ({ operation: 'aggregate', collection: 'c', pipeline });
const find = (filter: unknown): object => ({ operation: 'find', collection: 'c', filter });

describe('numbers of a MongoDB operation', () => {
  it.each(['9007199254740993', '-9223372036854775808', '1e400', '1e300'])(
    'refuses %s, which JSON rounds',
    async (n) => {
      const analysis = await analyse('mongodb', `{"operation":"find","collection":"c","filter":{"n":${n}}}`);
      expect(analysis).toMatchObject({
        ok: false,
        refusal: { code: 'query.invalid_operation', construct: 'number', position: 51 },
      });
    },
  );

  it.each(['9007199254740991', '0.1', '-0', '1.5e-7', '{"$numberLong":"9223372036854775807"}'])(
    'takes %s',
    async (n) => {
      expect((await analyse('mongodb', `{"operation":"find","collection":"c","filter":{"n":${n}}}`)).ok).toBe(
        true,
      );
    },
  );
});

describe('the collections of a MongoDB operation', () => {
  it.each<[object, string]>([
    [{ operation: 'find', collection: 'c' }, 'find read c'],
    [
      {
        operation: 'find',
        collection: 'a.b',
        filter: { x: { $gt: 1 } },
        projection: { x: 1 },
        sort: { x: -1 },
        skip: 1,
        limit: 5,
      },
      'find read a.b',
    ],
    [
      { operation: 'findOne', collection: 'c', filter: {}, hint: 'i', collation: { locale: 'en' } },
      'findOne read c',
    ],
    [{ operation: 'count', collection: 'c', filter: {}, limit: { $numberLong: '5' } }, 'count read c'],
    [{ operation: 'countDocuments', collection: 'c' }, 'countDocuments read c'],
    [{ operation: 'estimatedDocumentCount', collection: 'c' }, 'estimatedDocumentCount read c'],
    [{ operation: 'distinct', collection: 'c', field: 'a.b', filter: {} }, 'distinct read c'],
    [
      find({
        $or: [
          { a: { $in: [1, { $oid: '5f5f5f5f5f5f5f5f5f5f5f5f' }] } },
          { b: { $regex: '^x', $options: 'i' } },
        ],
      }),
      'find read c',
    ],
    [find({ $expr: { $gt: ['$a', { $multiply: ['$b', 2] }] } }), 'find read c'],
    [find({ a: { $date: '2020-01-01T00:00:00Z' }, r: { $ref: 'other', $id: 1, $db: 'x' } }), 'find read c'],
    [aggregate(), 'aggregate read c'],
    [
      aggregate(
        { $match: { a: 1 } },
        { $group: { _id: '$a', n: { $sum: 1 } } },
        { $sort: { n: -1 } },
        { $limit: 3 },
      ),
      'aggregate read c',
    ],
    [
      aggregate({ $lookup: { from: 'd', localField: 'a', foreignField: 'b', as: 'x' } }),
      'aggregate read c d',
    ],
    [
      aggregate({ $lookup: { from: { db: 'config', coll: 'd' }, pipeline: [], as: 'x' } }),
      'aggregate read c config.d',
    ],
    [
      aggregate({
        $lookup: {
          from: 'd',
          let: { a: '$a' },
          as: 'x',
          pipeline: [{ $unionWith: 'e' }, { $lookup: { from: 'f', as: 'y' } }],
        },
      }),
      'aggregate read c d e f',
    ],
    [
      aggregate({ $unionWith: { coll: 'd', pipeline: [{ $unionWith: { coll: 'e' } }] } }),
      'aggregate read c d e',
    ],
    [aggregate({ $unionWith: { db: 'other', coll: 'd' } }), 'aggregate read c other.d'],
    [
      aggregate({
        $graphLookup: { from: 'd', startWith: '$a', connectFromField: 'a', connectToField: 'b', as: 'x' },
      }),
      'aggregate read c d',
    ],
    [
      aggregate({ $facet: { x: [{ $lookup: { from: 'd', as: 'y' } }], z: [{ $count: 'n' }] } }),
      'aggregate read c d',
    ],
    [
      aggregate({
        $setWindowFields: { sortBy: { a: 1 }, output: { b: { $sum: '$a', window: { documents: [-1, 0] } } } },
      }),
      'aggregate read c',
    ],
    [aggregate({ $out: 'd' }), 'aggregate write c d:write'],
    [aggregate({ $out: { db: 'other', coll: 'd' } }), 'aggregate write c other.d:write'],
    [aggregate({ $merge: 'd' }), 'aggregate write c d:write'],
    [
      aggregate({
        $merge: {
          into: { db: 'other', coll: 'd' },
          on: '_id',
          whenMatched: [{ $set: { a: '$$new.a' } }],
          whenNotMatched: 'discard',
        },
      }),
      'aggregate write c other.d:write',
    ],
    [
      aggregate({ $facet: { x: [{ $merge: { into: 'd', whenMatched: 'replace' } }] } }),
      'aggregate write c d:write',
    ],
    [
      { operation: 'insertOne', collection: 'c', document: { a: { $numberDecimal: '1.5' } } },
      'insertOne write c:write',
    ],
    [{ operation: 'insertMany', collection: 'c', documents: [{}, { a: 1 }] }, 'insertMany write c:write'],
    [
      {
        operation: 'updateOne',
        collection: 'c',
        filter: { _id: 1 },
        update: { $set: { a: 1 }, $push: { b: { $each: [1] } } },
      },
      'updateOne write c:write',
    ],
    [
      { operation: 'updateMany', collection: 'c', filter: {}, update: [{ $set: { a: '$b' } }] },
      'updateMany write c:write',
    ],
    [{ operation: 'replaceOne', collection: 'c', filter: {}, document: {} }, 'replaceOne write c:write'],
    [{ operation: 'deleteOne', collection: 'c', filter: {} }, 'deleteOne write c:write'],
    [{ operation: 'deleteMany', collection: 'c', filter: { a: 1 } }, 'deleteMany write c:write'],
  ])('%j', async (operation, expected) => {
    expect(await describeOperation(operation)).toBe(expected);
  });

  it('says where the collection stands', async () => {
    const text = '{ "operation": "find", "filter": {"collection": "x"}, "collection" : "é" }';
    const analysis = await analyse('mongodb', text);
    expect(analysis.ok && analysis.facts.relations).toEqual([
      { schema: null, name: 'é', access: 'read', position: text.indexOf('"é"') },
    ]);
  });
});

describe('what MongoDB operations are refused', () => {
  it.each<[object, string]>([
    [find({ $where: 'sleep(1)' }), 'query.unsupported $where'],
    [find({ $or: [{ a: { $not: { $where: '1' } } }] }), 'query.unsupported $where'],
    [find({ $expr: { $function: { body: 'x', args: [], lang: 'js' } } }), 'query.unsupported $function'],
    [find({ $expr: { $eq: ['$$USER_ROLES', []] } }), 'query.unsupported $$USER_ROLES'],
    [find({ a: { $code: 'x' } }), 'query.unsupported $code'],
    [find({ a: { $symbol: 'x' } }), 'query.unsupported $symbol'],
    [find({ $newOperator: 1 }), 'query.unsupported $newOperator'],
    [find([]), 'query.invalid_operation filter'],
    [aggregate({ $group: { _id: 1, a: { $accumulator: {} } } }), 'query.unsupported $accumulator'],
    [
      aggregate({ $match: { $expr: { $let: { vars: {}, in: { $function: {} } } } } }),
      'query.unsupported $function',
    ],
    [
      aggregate({ $lookup: { from: 'd', as: 'x', pipeline: [{ $match: { $where: '1' } }] } }),
      'query.unsupported $where',
    ],
    [aggregate({ $currentOp: {} }), 'query.unsupported $currentOp'],
    [aggregate({ $collStats: {} }), 'query.unsupported $collStats'],
    [aggregate({ $indexStats: {} }), 'query.unsupported $indexStats'],
    [aggregate({ $planCacheStats: {} }), 'query.unsupported $planCacheStats'],
    [aggregate({ $listSessions: {} }), 'query.unsupported $listSessions'],
    [aggregate({ $changeStream: {} }), 'query.unsupported $changeStream'],
    [aggregate({ $documents: [] }), 'query.unsupported $documents'],
    [aggregate({ $facet: { x: [{ $currentOp: {} }] } }), 'query.unsupported $currentOp'],
    [aggregate({ $rankFusion: { input: {} } }), 'query.unsupported $rankFusion'],
    [aggregate({ $search: {} }), 'query.unsupported $search'],
    [aggregate({ $project: { a: { $lookup: { from: 'd' } } } }), 'query.unsupported $lookup'],
    [aggregate({ $match: {}, $out: 'd' }), 'query.invalid_operation pipeline'],
    [aggregate({}), 'query.invalid_operation pipeline'],
    [aggregate('x'), 'query.invalid_operation pipeline'],
    [aggregate({ $lookup: { from: { $symbol: 'secret' }, as: 'x' } }), 'query.invalid_operation $lookup'],
    [
      aggregate({ $lookup: { from: 'd', as: 'x', _internalPipeline: [] } }),
      'query.invalid_operation $lookup',
    ],
    [aggregate({ $lookup: { as: 'x', pipeline: [] } }), 'query.invalid_operation $lookup'],
    [aggregate({ $unionWith: { coll: ['d'] } }), 'query.invalid_operation $unionWith'],
    [aggregate({ $out: { db: 'x' } }), 'query.invalid_operation $out'],
    [aggregate({ $merge: { on: 'a' } }), 'query.invalid_operation $merge'],
    [{ operation: 'aggregate', collection: 'c' }, 'query.invalid_operation pipeline'],
    [{ operation: 'aggregate', collection: 'c', pipeline: {} }, 'query.invalid_operation pipeline'],
    [{ operation: 'find' }, 'query.invalid_operation collection'],
    [{ operation: 'find', collection: '$cmd' }, 'query.invalid_operation collection'],
    [{ operation: 'find', collection: { $symbol: 'c' } }, 'query.invalid_operation collection'],
    [{ operation: 'find', collection: 'c', pipeline: [] }, 'query.invalid_operation pipeline'],
    [{ operation: 'find', collection: 'c', $db: 'admin' }, 'query.invalid_operation $db'],
    [{ operation: 'find', collection: 'c', limit: -1 }, 'query.invalid_operation limit'],
    [{ operation: 'find', collection: 'c', limit: 1.5 }, 'query.invalid_operation limit'],
    [{ operation: 'distinct', collection: 'c' }, 'query.invalid_operation field'],
    [{ operation: 'insertMany', collection: 'c', documents: [1] }, 'query.invalid_operation documents'],
    [{ operation: 'mapReduce', collection: 'c' }, 'query.invalid_operation operation'],
    [{ operation: 'runCommand', collection: 'c' }, 'query.invalid_operation operation'],
    [{ operation: 'constructor', collection: 'c' }, 'query.invalid_operation operation'],
    [{ collection: 'c' }, 'query.invalid_operation operation'],
    [[], 'query.invalid_operation operation'],
  ])('%j', async (operation, expected) => {
    expect(await describeOperation(operation)).toBe(expected);
  });

  it.each([
    ['', 'query.empty'],
    ['{', 'query.syntax'],
    ['{"operation":"find","collection":"c",}', 'query.syntax'],
    ["{'operation':'find'}", 'query.syntax'],
    ['{"operation":"find","collection":"c"} {}', 'query.syntax'],
    ['{"operation":"find","collection":"c","limit":01}', 'query.syntax'],
    ['{"operation":"find","collection":"c\t"}', 'query.syntax'],
    ['{"operation":"find","collection":"c", // x\n"limit":1}', 'query.syntax'],
    [
      '{"operation":"find","collection":"allowed","collection":"secret"}',
      'query.invalid_operation duplicate member',
    ],
    [
      '{"operation":"find","collection":"c","filter":{"a":1,"\\u0061":2}}',
      'query.invalid_operation duplicate member',
    ],
    [
      '{"operation":"find","collection":"c","filter":{"__proto__":{"$where":"1"}}}',
      'query.unsupported $where',
    ],
    ['{"operation":"find","collection":"c","filter":{"\\u0024where":"1"}}', 'query.unsupported $where'],
    [
      `{"operation":"find","collection":"c","filter":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`,
      'query.too_complex',
    ],
    [`{"operation":"find","collection":"c","filter":{"a":${'['.repeat(20_000)}`, 'query.too_complex'],
    ['null', 'query.invalid_operation operation'],
  ])('%s', async (text, expected) => {
    expect(await describeMongodb(text)).toBe(expected);
  });
});
