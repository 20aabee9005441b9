import { loadModule } from 'libpg-query';
import { Refused } from '../refused';
import { preparePolicyExpression } from './policy-expression';

const variables = new Map<string, string | number | boolean | null>([
  ['username', `o'neil \\ "x"`],
  ['level', -3],
  ['vip', true],
  ['none', null],
]);
const prepare = (expression: string): string =>
  preparePolicyExpression(expression, variables, ({ name }) =>
    name === 'absent' ? null : { schema: 'Own "s"', name },
  ).sql;

function refusal(expression: string): string {
  try {
    prepare(expression);
  } catch (error) {
    if (error instanceof Refused) return error.refusal.code;
    throw error;
  }
  return 'accepted';
}

describe('preparePolicyExpression', () => {
  beforeAll(() => loadModule());

  it.each([
    ['a = :username', `a = E'o''neil \\\\ "x"'\n`],
    [
      'a = :level and b = :vip and c is not distinct from :none',
      'a = (-3) and b = true and c is not distinct from NULL\n',
    ],
    ["a = ':username' and b = :level::int", "a = ':username' and b = (-3)::int\n"],
    ['a = :level -- :username', 'a = (-3) -- :username\n'],
    ['a /* :username */ = 1', 'a /* :username */ = 1\n'],
    [
      'a in (select b from "Regions" r where r.c = :level)',
      'a in (select b from "Own ""s"""."Regions" r where r.c = (-3))\n',
    ],
  ])('fills in %s', (expression, expected) => {
    expect(prepare(expression)).toBe(expected);
  });

  it('leaves names of WITH clauses and names with a schema as they are', () => {
    expect(prepare('a in (with x as (select 1 as b) select b from x, s.t, u)')).toBe(
      'a in (with x as (select 1 as b) select b from x, s.t, "Own ""s""".u)\n',
    );
  });

  it.each([
    'a = :unknown',
    'a = ',
    'a), (b',
    'a) from t where (true',
    'a; drop table t',
    'a) --',
    'a in (select b from absent)',
    '',
    "a = 'x",
    'a = "x',
  ])('refuses %s', (expression) => {
    expect(refusal(expression)).toBe('policy.broken');
  });

  it('finds the columns and whether others are asked', () => {
    const { columns, hasSubquery } = preparePolicyExpression(
      't.a = 1 and exists (select b)',
      variables,
      () => null,
    );
    expect([...columns]).toEqual(['t', 'a', 'b']);
    expect(hasSubquery).toBe(true);
  });
});
