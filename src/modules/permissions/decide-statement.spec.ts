import type { FunctionRef, RelationRef, StatementFacts } from '../../sql/facts';
import { decideStatement, type DecisionContext } from './decide-statement';
import type { Permission } from './permission';

const reader: Permission = {
  canQuery: true,
  canWrite: false,
  unmasked: false,
  allowedSchemas: null,
  allowedTables: null,
  writableTables: null,
  maxRowsPerQuery: null,
  maxRowsPerWrite: null,
  maxExecutionTimeSeconds: 30,
  maxConcurrentQueries: null,
  dailyRuns: null,
  dailyRows: null,
  dailySeconds: null,
};
const postgresql: DecisionContext = {
  dialect: 'postgresql',
  readOnly: true,
  searchPath: ['public'],
  isAdministrator: false,
};
const table = (name: string, access: 'read' | 'write' = 'read'): RelationRef => {
  const [schema, bare] = name.includes('.') ? name.split('.') : [null, name];
  return { schema: schema ?? null, name: bare ?? name, access, position: 14 };
};
const select = (names: string[], functions: FunctionRef[] = []): StatementFacts => ({
  kind: 'select',
  access: 'read',
  relations: names.map((name) => table(name)),
  functions,
  parameterCount: 0,
});
const codeOf = (
  facts: StatementFacts,
  permission: Partial<Permission>,
  context: Partial<DecisionContext> = {},
): string =>
  decideStatement(facts, { ...reader, ...permission }, { ...postgresql, ...context })?.code ?? 'allowed';

describe('decideStatement', () => {
  it('lets everything be read where nothing is listed, and nothing where the list is empty', () => {
    expect(codeOf(select(['public.a', 'b']), {})).toBe('allowed');
    expect(codeOf(select(['a']), { allowedTables: [] })).toBe('permission.table_denied');
    expect(codeOf(select(['a']), { allowedSchemas: [] })).toBe('permission.table_denied');
    expect(codeOf(select([]), { allowedTables: [], allowedSchemas: [] })).toBe('allowed');
    expect(codeOf(select([]), { canQuery: false })).toBe('permission.connection_denied');
  });

  it('resolves unqualified names by the search path, all of it', () => {
    expect(codeOf(select(['a']), { allowedTables: ['public.a'] })).toBe('allowed');
    expect(codeOf(select(['a']), { allowedTables: ['shop.a'] })).toBe('permission.table_denied');
    expect(codeOf(select(['a']), { allowedTables: ['shop.a'] }, { searchPath: ['shop', 'public'] })).toBe(
      'permission.table_denied',
    );
    expect(
      codeOf(select(['a']), { allowedSchemas: ['shop', 'public'] }, { searchPath: ['shop', 'public'] }),
    ).toBe('allowed');
  });

  it('names the table and where it stands', () => {
    expect(
      decideStatement(select(['a', 'hr.pay']), { ...reader, allowedSchemas: ['public'] }, postgresql),
    ).toEqual({
      code: 'permission.table_denied',
      detail: 'hr.pay is not permitted',
      position: 14,
    });
  });

  it('lets everybody browse the catalogs that are filtered for them', () => {
    for (const name of ['pg_catalog.pg_class', 'pg_class', 'information_schema.tables'])
      expect(codeOf(select([name]), {})).toBe('allowed');
  });

  it('keeps the rest of the catalogs to administrators, even where all tables are permitted', () => {
    for (const name of ['pg_catalog.pg_authid', 'pg_stats', 'information_schema.role_table_grants']) {
      expect(codeOf(select([name]), {})).toBe('permission.table_denied');
      expect(codeOf(select([name]), {}, { isAdministrator: true })).toBe('allowed');
    }
    expect(codeOf(select(['sqlite_stat1']), {}, { dialect: 'sqlite', searchPath: [] })).toBe(
      'permission.table_denied',
    );
  });

  it('refuses functions that nobody vouches for', () => {
    const fn = (name: string, safe: boolean): FunctionRef => ({ schema: null, name, safe, position: null });
    expect(codeOf(select(['a'], [fn('lower', true)]), {})).toBe('allowed');
    expect(codeOf(select(['a'], [fn('lower', true), fn('leak', false)]), {})).toBe(
      'permission.function_denied',
    );
  });

  it('lets nobody write who may not, wherever it fails', () => {
    const insert: StatementFacts = {
      ...select([]),
      kind: 'insert',
      access: 'write',
      relations: [table('a', 'write'), table('b')],
    };
    const writer = { canWrite: true, writableTables: ['public.a'] };
    const writable = { readOnly: false };
    expect(codeOf(insert, writer)).toBe('query.read_only');
    expect(codeOf(insert, {}, writable)).toBe('permission.write_denied');
    expect(codeOf(insert, { canWrite: true, writableTables: [] }, writable)).toBe('permission.write_denied');
    expect(codeOf(insert, writer, writable)).toBe('allowed');
    expect(codeOf(insert, { ...writer, allowedTables: ['public.a'] }, writable)).toBe(
      'permission.table_denied',
    );
    const catalog = { ...insert, relations: [table('pg_catalog.pg_class', 'write')] };
    expect(codeOf(catalog, { canWrite: true }, { ...writable, isAdministrator: true })).toBe(
      'permission.table_denied',
    );
  });

  it('lets administrators define, where the connection may be written, and tells others what they were always told', () => {
    const refusal = {
      code: 'query.read_only',
      detail: 'DROP is not accepted here',
      construct: 'DROP',
    } as const;
    const drop: StatementFacts = {
      ...select([]),
      kind: 'ddl',
      access: 'write',
      relations: [table('a', 'write')],
      refusal,
    };
    const all = { ...reader, canWrite: true };
    const writable = { ...postgresql, readOnly: false };
    const administrator = { ...writable, isAdministrator: true };
    expect(decideStatement(drop, all, administrator)).toBeNull();
    expect(decideStatement(drop, all, writable)).toBe(refusal);
    expect(decideStatement(drop, { ...reader, canQuery: false }, writable)).toBe(refusal);
    expect(decideStatement(drop, all, { ...administrator, readOnly: true })).toBe(refusal);
    const catalog = { ...drop, relations: [table('pg_catalog.*', 'write')] };
    expect(decideStatement(catalog, all, administrator)?.code).toBe('permission.table_denied');
  });

  it('folds names in SQLite, where main is no schema of its own', () => {
    const sqlite = { dialect: 'sqlite', searchPath: [] } as const;
    expect(codeOf(select(['customers', 'main.customers']), { allowedTables: ['Customers'] }, sqlite)).toBe(
      'allowed',
    );
    expect(codeOf(select(['temp.customers']), { allowedTables: ['Customers'] }, sqlite)).toBe(
      'permission.table_denied',
    );
  });

  it('takes names exactly in MySQL and MongoDB', () => {
    const mysql = { dialect: 'mysql', searchPath: ['shop'] } as const;
    expect(codeOf(select(['a', 'shop.a']), { allowedTables: ['shop.a'] }, mysql)).toBe('allowed');
    expect(codeOf(select(['A']), { allowedTables: ['shop.a'] }, mysql)).toBe('permission.table_denied');
    expect(
      codeOf(select(['users']), { allowedTables: ['users'] }, { dialect: 'mongodb', searchPath: [] }),
    ).toBe('allowed');
  });
});
