import { isSystemRelation } from './system-relations';

describe('relations of the server itself', () => {
  it.each([
    ['postgresql', 'pg_catalog', 'pg_class', true],
    ['postgresql', 'information_schema', 'tables', true],
    ['postgresql', 'pg_toast', 'pg_toast_1', true],
    ['postgresql', 'pg_toast_temp_3', 'x', true],
    ['postgresql', null, 'pg_stat_activity', true],
    ['postgresql', 'public', 'pg_class', false],
    ['postgresql', null, 'orders', false],
    ['postgresql', 'shop', 'tables', false],
    ['mysql', 'INFORMATION_SCHEMA', 'tables', true],
    ['mysql', 'mysql', 'user', true],
    ['mysql', 'Performance_Schema', 'x', true],
    ['mysql', 'sys', 'x', true],
    ['mysql', null, 'user', false],
    ['mysql', 'shop', 'mysql', false],
    ['sqlite', null, 'sqlite_schema', true],
    ['sqlite', 'main', 'SQLITE_MASTER', true],
    ['sqlite', null, 'pragma_table_list', true],
    ['sqlite', 'temp', 'dbstat', true],
    ['sqlite', null, 'orders', false],
    ['mongodb', null, 'system.users', true],
    ['mongodb', 'admin', 'x', true],
    ['mongodb', 'config', 'x', true],
    ['mongodb', null, 'systems', false],
    ['mongodb', 'shop', 'orders', false],
  ] as const)('%s %s.%s', (dialect, schema, name, expected) => {
    expect(isSystemRelation(dialect, schema, name)).toBe(expected);
  });
});
