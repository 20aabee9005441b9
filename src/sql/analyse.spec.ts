import fc from 'fast-check';
import { analyse, closeAnalysis } from './analyse';
import type { Dialect } from '../common/dialect';
import type { Analysis } from './facts';

afterAll(() => closeAnalysis());

const sqlDialects = ['postgresql', 'mysql', 'sqlite'] as const;

/** Statements to mutate: every construct that opens something the mutation may leave open. */
const seeds: Readonly<Record<Dialect, readonly string[]>> = {
  postgresql: [
    `with recursive a(n) as (select 1 union all select n + 1 from a) select a.n, 'x''y', E'\\'', $q$z$q$ from a join s."T" t on t.id = a.n where t.b in (select c from u) and $1 > 0 /* c /* d */ */ -- e`,
    `insert into t (a, b) values ($1, default) on conflict (a) do update set b = excluded.b returning *`,
    `explain (analyze, format json) select count(*) filter (where true) over (partition by x) from rows from (f(1)) as r`,
  ],
  mysql: [
    "with recursive a(n) as (select 1 union all select n + 1 from a) select a.n, 'x''y', \"\\\"\", `b``c` from a join s.`T` t on t.id = a.n where t.b in (select c from u) and ? > 0 /* c */ -- e\n# f",
    'insert into t (a, b) values (?, default) on duplicate key update b = values(b)',
    'update t as x join u on x.a = u.a set x.b = 1.5e3 where x.c like 0x41',
  ],
  sqlite: [
    `with a(n) as (select 1 union all select n + 1 from a) select a.n, 'x''y', [b c], "d" from a join main."T" t on t.id = a.n where t.b in u and ?1 > 0 /* c */ -- e`,
    'insert into t (a, b) values (?, 1) on conflict (a) do update set b = excluded.b returning *',
    "select * from json_each('[1]'), (select count(*) filter (where 1) over (order by x) from t)",
  ],
  mongodb: [
    '{"operation":"aggregate","collection":"a","pipeline":[{"$lookup":{"from":"b","as":"x","pipeline":[{"$match":{"$expr":{"$eq":["$a","$$b"]}}}]}},{"$merge":{"into":{"db":"d","coll":"e"}}}]}',
    '{"operation":"updateOne","collection":"a","filter":{"_id":{"$oid":"000000000000000000000000"}},"update":{"$set":{"a":"\\u00e9"}}}',
  ],
};

const fragments = [
  ...[
    "'",
    '"',
    '`',
    '\\',
    '(',
    ')',
    ';',
    '--',
    '/*',
    '*/',
    '#',
    '$$',
    '/*!',
    '?',
    '$1',
    ':',
    '@',
    '{',
    '}',
    '[',
    ']',
    ',',
    '.',
  ],
  ...[
    ' union ',
    ' select ',
    ' from secret ',
    ' into ',
    ' for update ',
    ' table secret ',
    ' with ',
    ' not ',
    '=',
    '1',
    '-',
    '\n',
  ],
  ...['\u0000', '\ud83d\ude00', '\ud83d', '\u00a0', '\ufeff', '"$where":1', 'é'],
];

type Edit = readonly [at: number, removed: number, inserted: string];
const edit: fc.Arbitrary<Edit> = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.nat(12),
  fc.constantFrom('', ...fragments),
);

function mutate(text: string, edits: readonly Edit[]): string {
  return edits.reduce((current, [at, removed, inserted]) => {
    const start = Math.floor(at * current.length);
    return current.slice(0, start) + inserted + current.slice(start + removed);
  }, text);
}

/** What is wrong with an answer, whatever was asked. */
function faultsOf(analysis: Analysis, text: string): string[] {
  if (!analysis.ok) {
    const { code, detail, position = 0 } = analysis.refusal;
    return [
      ...(code.startsWith('query.') ? [] : [`code ${code}`]),
      ...(detail.length < 400 ? [] : ['a long detail']),
      ...(position >= 0 && position <= text.length ? [] : [`refusal at ${position}`]),
    ];
  }
  const { access, relations, functions } = analysis.facts;
  const outside = [...relations, ...functions].filter(
    ({ position }) => position !== null && (position < 0 || position >= text.length),
  );
  const writes = relations.some((relation) => relation.access === 'write');
  return [
    ...outside.map(({ name }) => `${name} outside the text`),
    ...(writes === (access === 'write') ? [] : ['access and relations disagree']),
  ];
}

describe('an analysis of anything', () => {
  it.each(Object.keys(seeds) as Dialect[])('answers every mutation of %s statements', async (dialect) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds[dialect]),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        async (seed, edits) => {
          const text = mutate(seed, edits);
          expect(faultsOf(await analyse(dialect, text), text)).toEqual([]);
        },
      ),
      { numRuns: 400 },
    );
  });

  it.each(Object.keys(seeds) as Dialect[])('answers every text as %s', async (dialect) => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 60 }),
          fc
            .array(fc.constantFrom(...fragments), { maxLength: 40 })
            .map((parts) => `select ${parts.join('')}`),
        ),
        async (text) => expect(faultsOf(await analyse(dialect, text), text)).toEqual([]),
      ),
      { numRuns: 300 },
    );
  });
});

/** A query and the tables it reads, built so that every part is valid in all three SQL dialects. */
interface Built {
  readonly text: string;
  readonly tables: readonly string[];
}

const table = fc.constantFrom('t1', 't2', 't3', 't4', 't5');
const { query } = fc.letrec<{ query: Built; source: Built; condition: Built }>((tie) => ({
  source: fc.oneof(
    { depthSize: 'small' },
    table.map((name) => ({ text: name, tables: [name] })),
    tie('query').map(({ text, tables }) => ({ text: `(${text}) as d`, tables })),
  ),
  condition: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('1 = 1', "a <> '-- from t9'", 'a between 1 and 2').map((text) => ({ text, tables: [] })),
    tie('query').map(({ text, tables }) => ({ text: `exists (${text})`, tables })),
    tie('query').map(({ text, tables }) => ({ text: `a in (${text})`, tables })),
    fc.tuple(tie('condition'), fc.constantFrom('and', 'or'), tie('condition')).map(([left, word, right]) => ({
      text: `(${left.text} ${word} not ${right.text})`,
      tables: [...left.tables, ...right.tables],
    })),
  ),
  query: fc
    .tuple(
      tie('source'),
      fc.option(tie('condition'), { nil: null }),
      fc.option(tie('query'), { nil: null }),
      fc.constantFrom('plain', 'with', 'join'),
      table,
    )
    .map(([source, condition, united, form, extra]) => {
      const where = condition === null ? '' : ` where ${condition.text}`;
      const body = {
        plain: `select a from ${source.text}${where}`,
        with: `with w as (select a from ${extra}) select w.a from w cross join ${source.text}${where}`,
        join: `select 1 as a from ${extra} as j cross join ${source.text}${where}`,
      }[form];
      const wrapped = form === 'with' ? `select a from (${body}) as c` : body;
      return {
        text: united === null ? wrapped : `${wrapped} union all select a from (${united.text}) as u`,
        tables: [
          ...source.tables,
          ...(condition?.tables ?? []),
          ...(united?.tables ?? []),
          ...(form === 'plain' ? [] : [extra]),
        ],
      };
    }),
}));

describe('the relations of composed queries', () => {
  it.each(sqlDialects)('are all found, and no others, in %s', async (dialect) => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(query, async ({ text, tables }) => {
        const analysis = await analyse(dialect, text);
        if (analysis.ok) accepted += 1;
        const found = analysis.ok
          ? analysis.facts.relations.map(({ name }) => name).toSorted()
          : analysis.refusal.code;
        expect([tables.toSorted(), 'query.too_complex']).toContainEqual(found);
      }),
      { numRuns: 200 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe('the cache of analyses', () => {
  it('gives the same frozen answer again, for facts and for refusals', async () => {
    for (const text of ['select a from t', 'drop table t']) {
      const first = await analyse('postgresql', text);
      expect(await analyse('postgresql', text)).toBe(first);
      expect(Object.isFrozen(first)).toBe(true);
    }
    const analysis = await analyse('postgresql', 'select a from t');
    expect(() =>
      (analysis as unknown as { facts: { relations: unknown[] } }).facts.relations.push(1),
    ).toThrow(TypeError);
  });

  it('keeps the dialects apart', async () => {
    const text = 'select "a" from T';
    const names = await Promise.all(
      sqlDialects.map(async (dialect) => {
        const analysis = await analyse(dialect, text);
        return analysis.ok ? analysis.facts.relations[0]?.name : null;
      }),
    );
    expect(names).toEqual(['t', 'T', 't']);
  });
});
