import type { StatementFacts } from './facts';
import { isRepeatable } from './is-repeatable';

const facts = (...names: string[]): StatementFacts => ({
  kind: 'select',
  access: 'read',
  relations: [],
  functions: names.map((name) => ({ schema: null, name, safe: true, position: null })),
  parameterCount: 0,
});

describe('isRepeatable', () => {
  it('holds for what only computes', () => {
    expect(isRepeatable('postgresql', facts('count', 'lower'), 'select count(lower(a)) from t')).toBe(true);
    expect(isRepeatable('mongodb', facts(), '{"operation":"find","collection":"a"}')).toBe(true);
  });

  it.each([
    ['postgresql', 'random'],
    ['postgresql', 'NOW'],
    ['mysql', 'uuid'],
    ['sqlite', 'strftime'],
  ] as const)('does not for %s %s()', (dialect, name) => {
    expect(isRepeatable(dialect, facts(name), 'select 1')).toBe(false);
  });

  it.each([
    ['postgresql', 'pg_catalog', 'pg_stat_activity'],
    ['postgresql', null, 'pg_class'],
    ['mysql', 'information_schema', 'PROCESSLIST'],
    ['sqlite', null, 'sqlite_schema'],
  ] as const)('does not for what %s tells of itself: %s.%s', (dialect, schema, name) => {
    const relations = [{ schema, name, access: 'read', position: null } as const];
    expect(isRepeatable(dialect, { ...facts(), relations }, 'select 1')).toBe(false);
  });

  it('does not for words that are functions, for samples, writes and unlisted functions', () => {
    expect(isRepeatable('postgresql', facts(), 'select Current_Date')).toBe(false);
    expect(isRepeatable('postgresql', facts(), "select 'Today'::date")).toBe(false);
    expect(isRepeatable('postgresql', facts(), 'select * from t tablesample system (10)')).toBe(false);
    expect(isRepeatable('mongodb', facts(), '{"pipeline":[{"$sample":{"size":1}}]}')).toBe(false);
    expect(isRepeatable('mongodb', facts(), '{"filter":{"$expr":{"$lt":["$at","$$NOW"]}}}')).toBe(false);
    expect(isRepeatable('sqlite', { ...facts(), access: 'write' }, 'delete from t')).toBe(false);
    const own = { ...facts(), functions: [{ schema: null, name: 'f', safe: false, position: null }] };
    expect(isRepeatable('postgresql', own, 'select f()')).toBe(false);
  });
});
