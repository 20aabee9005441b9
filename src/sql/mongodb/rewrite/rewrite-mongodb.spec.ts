import type { RelationDescription } from '../../../common/relation-description';
import type { ColumnPolicy, RelationPolicy } from '../../policy/relation-policy';
import { rewrite } from '../../policy/rewrite';
import type { Rewriting } from '../../policy/rewriting';
import { fence } from './stages';

const described = (name: string, more: Partial<RelationDescription> = {}): RelationDescription => ({
  schema: null,
  name,
  kind: 'collection',
  columns: [],
  primaryKey: ['_id'],
  definition: null,
  ancestors: [],
  descendants: [],
  version: '1',
  ...more,
});
const view = (name: string, viewOn: string, pipeline: object[]): RelationDescription =>
  described(name, { kind: 'view', definition: JSON.stringify({ viewOn, pipeline }) });

const catalog = new Map(
  [
    described('open'),
    described('shut'),
    described('folded', { collation: '{"locale":"en","strength":{"$numberInt":"2"}}' }),
    view('strange', 'open', [{ $search: { text: {} } }]),
    view('stranger', 'open', [{ $newStage: { coll: 'shut' } }]),
    view('strangest', 'shut', [{ $match: { $where: '1' } }]),
    described('sealed', { kind: 'view' }),
    view('self', 'self', []),
    view(
      'wide',
      'open',
      Array.from({ length: 40 }, () => ({ $unionWith: 'wider' })),
    ),
    view(
      'wider',
      'open',
      Array.from({ length: 40 }, () => ({ $unionWith: 'shut' })),
    ),
  ].map((one) => [one.name, one]),
);

const policy = (rowFilters: string[], columns: Record<string, ColumnPolicy> = {}): RelationPolicy => ({
  rowFilters,
  columns: new Map(Object.entries(columns)),
});
const ask = (
  operation: object | string,
  policies: Record<string, RelationPolicy> = { shut: policy(['{"a":1}']) },
  known: ReadonlyMap<string, RelationDescription> = catalog,
): Promise<Rewriting> =>
  rewrite('mongodb', {
    text: typeof operation === 'string' ? operation : JSON.stringify(operation),
    searchPath: [],
    describe: ({ name }) => known.get(name) ?? null,
    policyOf: ({ name }) => policies[name] ?? null,
    variables: new Map([['user', 'u']]),
    hashKey: Buffer.alloc(32),
  });
const sent = async (...request: Parameters<typeof ask>): Promise<Record<string, unknown>> => {
  const rewriting = await ask(...request);
  if (!rewriting.ok) throw new Error(JSON.stringify(rewriting));
  return JSON.parse(rewriting.statement.text) as Record<string, unknown>;
};
const find = (collection: string, more: object = {}): object => ({ operation: 'find', collection, ...more });

describe('an operation that meets no policy', () => {
  it.each([
    '{ "operation" : "find",\n "collection":"open", "filter": {"n": 1.50, "z": -0} }',
    '{"operation":"aggregate","collection":"open","pipeline":[{"$lookup":{"from":"open","as":"x","pipeline":[]}},{"$facet":{"a":[{"$unionWith":"open"}]}}]}',
    '{"operation":"aggregate","collection":"open","pipeline":[{"$graphLookup":{"from":"open","startWith":"$a","connectFromField":"a","connectToField":"b","as":"c"}}]}',
    '{"operation":"updateOne","collection":"open","filter":{"$expr":{"$eq":["$a",1]}},"update":[{"$replaceWith":{}}]}',
    '{"operation":"find","collection":"strange"}',
    '{"operation":"find","collection":"absent"}',
    '{"operation":"aggregate","collection":"open","pipeline":[{"$project":{"x":{"$meta":"indexKey"}}}]}',
  ])('is sent as it was written: %s', async (text) => {
    const rewriting = await ask(text);
    expect(rewriting).toMatchObject({ ok: true, statement: { text, edits: [], maskedColumns: null } });
  });
});

describe('what a protected collection is read through', () => {
  it('is its filter, and the operation behind it', async () => {
    expect(await sent(find('shut', { filter: { b: 2 }, limit: 3 }))).toEqual({
      operation: 'aggregate',
      collection: 'shut',
      pipeline: [{ $match: { a: 1 } }, { $match: { b: 2 } }, { $limit: 3 }],
    });
  });

  it('has a fence in front of what could fail on hidden documents, and comparisons ahead of it', async () => {
    const filter = { b: 2, $expr: { $gt: [{ $divide: [1, '$c'] }, 0] } };
    expect((await sent(find('shut', { filter })))['pipeline']).toEqual([
      { $match: { a: 1 } },
      { $match: { $and: [{ b: 2 }] } },
      fence,
      { $match: filter },
    ]);
  });

  it('puts no comparison of a masked member ahead', async () => {
    const policies = { shut: policy(['{"a":1}'], { b: { rule: 'mask', mask: 'full' } }) };
    const filter = { 'b.c': 2, d: 1, $expr: { $sqrt: '$c' } };
    const { pipeline } = await sent(find('shut', { filter }), policies);
    expect((pipeline as unknown[]).slice(0, 3)).toEqual([
      { $match: { a: 1 } },
      { $match: { $and: [{ d: 1 }] } },
      fence,
    ]);
  });

  it('keeps a negative zero', async () => {
    const rewriting = await ask('{"operation":"find","collection":"shut","filter":{"z":-0}}');
    expect(rewriting).toMatchObject({ statement: { text: expect.stringContaining('{"z":-0}') as string } });
  });

  it('joins the filters of several policies', async () => {
    const policies = { shut: policy(['{"a":1}', '{"b":":user"}']) };
    expect((await sent(find('shut'), policies))['pipeline']).toEqual([
      { $match: { $and: [{ a: 1 }, { b: 'u' }] } },
    ]);
  });

  it('is under the collation that the collection itself has', async () => {
    const policies = { folded: policy(['{"a":"x"}']) };
    expect(await ask(find('folded'), policies)).toMatchObject({ ok: true });
    const joined = {
      operation: 'aggregate',
      collection: 'folded',
      pipeline: [{ $unionWith: 'shut' }],
    };
    expect(await ask(joined, { shut: policy(['{"a":"x"}']) })).toMatchObject({
      refusal: { code: 'policy.unsupported', construct: 'collation' },
    });
    expect(await ask(joined)).toMatchObject({ ok: true });
  });

  it('names what the operation rests on and reaches', async () => {
    const rewriting = await ask({
      operation: 'aggregate',
      collection: 'strange',
      pipeline: [{ $unionWith: 'shut' }, { $unionWith: 'absent' }],
    });
    expect(rewriting).toMatchObject({
      statement: {
        restsOn: ['strange', 'open', 'shut', 'absent'].map((name) => ({ schema: null, name })),
        relations: [
          { name: 'strange', filtered: false, masks: {}, denied: [] },
          { name: 'open', filtered: false },
          { name: 'shut', filtered: true },
          { name: 'absent', filtered: false },
        ],
      },
    });
  });
});

describe('what has not been looked up', () => {
  it('is asked for before anything is refused', async () => {
    const request = {
      operation: 'aggregate',
      collection: 'shut',
      pipeline: [
        { $project: { x: { $meta: 'indexKey' } } },
        { $lookup: { from: 'open', as: 'x', pipeline: [] } },
      ],
    };
    const rewriting = await rewrite('mongodb', {
      text: JSON.stringify(request),
      searchPath: [],
      describe: () => undefined,
      policyOf: () => null,
      variables: new Map(),
      hashKey: Buffer.alloc(32),
    });
    expect(rewriting).toEqual({
      ok: false,
      missing: [
        { schema: null, name: 'shut' },
        { schema: null, name: 'open' },
      ],
    });
  });
});

describe('policies that do not fit', () => {
  const expression = (text: string): Record<string, RelationPolicy> => ({
    shut: policy([], { a: { rule: 'mask', mask: 'expression', expression: text } }),
  });
  it.each<[string, Record<string, RelationPolicy>]>([
    ['no JSON', { shut: policy(['a = 1']) }],
    ['more than one value', { shut: policy(['{} {}']) }],
    ['no object', { shut: policy(['true']) }],
    ['a member twice', { shut: policy(['{"a":1,"a":2}']) }],
    ['an unknown operator', { shut: policy(['{"$where":"1"}']) }],
    ['a search', { shut: policy(['{"$text":{"$search":"x"}}']) }],
    ['chance', { shut: policy(['{"$expr":{"$lt":[{"$rand":{}},1]}}']) }],
    ['a variable of whoever looks up', { shut: policy(['{"$expr":{"$eq":["$a","$$theirs"]}}']) }],
    ['an unknown variable', { shut: policy(['{"a":":nobody"}']) }],
    ['a path like an operator', { shut: policy([], { $a: { rule: 'deny' } }) }],
    ['an empty part of a path', { shut: policy([], { 'a..b': { rule: 'deny' } }) }],
    ['the place in an array', { shut: policy([], { 'a.0': { rule: 'deny' } }) }],
    ['a mask with an unbound variable', expression('{"$concat":["$$value","$$other"]}')],
    ['a variable outside of its let', expression('[{"$let":{"vars":{"x":1},"in":"$$x"}},"$$x"]')],
    ['a mask by JavaScript', expression('{"$function":{}}')],
    ['a mask that asks for an index key', expression('{"$meta":"indexKey"}')],
  ])('%s', async (_, policies) => {
    expect(await ask(find('shut'), policies)).toMatchObject({
      ok: false,
      refusal: { code: 'policy.broken' },
    });
  });

  it.each([
    '{"$map":{"input":"$a","in":"$$this"}}',
    '{"$reduce":{"input":[1],"initialValue":"$$value","in":"$$this"}}',
    '{"$let":{"vars":{"x":"$$value"},"in":["$$x","$$ROOT.b","$$NOW"]}}',
  ])('takes the mask %s', async (text) => {
    expect(await ask(find('shut'), expression(text))).toMatchObject({ ok: true });
  });

  it('has no keyed hash', async () => {
    const policies = { shut: policy([], { a: { rule: 'mask', mask: 'hash' } }) };
    expect(await ask(find('shut'), policies)).toMatchObject({ refusal: { code: 'policy.unsupported' } });
  });
});

describe('views', () => {
  it.each(['stranger', 'strangest', 'sealed', 'self'])(
    'refuses what it cannot see through: %s',
    async (name) => {
      expect(await ask(find(name))).toMatchObject({ refusal: { code: 'policy.unsupported' } });
    },
  );

  it('ends where views multiply collections', async () => {
    expect(await ask(find('wide'))).toMatchObject({ refusal: { code: 'query.too_complex' } });
  });

  it('reads none by its name', async () => {
    const known = new Map([...catalog, ['on', view('on', 'shut', [{ $set: { x: 1 } }])] as const]);
    expect(await sent(find('on'), undefined, known)).toEqual({
      operation: 'aggregate',
      collection: 'shut',
      pipeline: [{ $match: { a: 1 } }, { $set: { x: 1 } }],
    });
  });
});
