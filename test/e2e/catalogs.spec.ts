import { Client } from 'pg';
import { freshPostgresDatabase } from '../servers/servers';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe('catalogs of PostgreSQL as their readers may see them', () => {
  let service: TestService;
  let database: Awaited<ReturnType<typeof freshPostgresDatabase>>;
  let connectionId: string;
  let user: TestUser;

  beforeAll(async () => {
    [service, database] = await Promise.all([startTestService(), freshPostgresDatabase()]);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`
      create table people (id int primary key, name text default 'canary-default', secret text);
      comment on table people is 'who';
      create table hidden (id int primary key, canary_column text);
      create view seen as select id, 'canary-literal' as x from people;
      alter table people add column added text default 'canary-missing';
      analyze;
    `);
    await client.end();
    const { host, port, database: name, username, password } = database;
    const target = { name: 'c', type: 'postgresql', host, port, database: name, username, password };
    connectionId = (await service.api('POST', '/api/database/connections', target)).body.id;
    user = await service.user('user');
    const at = `/api/database/connections/${connectionId}`;
    await service.api('PUT', `${at}/permissions/${user.id}`, {
      allowedTables: ['public.people', 'public.seen'],
    });
    await service.api('PUT', `${at}/policies`, {
      items: [{ table: 'people', column: 'secret', deny: true }],
    });
  });
  afterAll(async () => {
    await service?.close();
    await database?.drop();
  });

  const ask = (query: string): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query, rowMode: 'array' }, user.token);

  it.each([
    [
      `select table_name from information_schema.tables where table_schema = 'public' order by 1`,
      [['people'], ['seen']],
    ],
    [
      `select column_name, data_type from information_schema.columns where table_name = 'people' order by ordinal_position`,
      [
        ['id', 'integer'],
        ['name', 'text'],
        ['added', 'text'],
      ],
    ],
    [
      `select c.relname, n.nspname, c.relkind from pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname not in ('pg_catalog', 'information_schema') order by 1`,
      [
        ['people', 'public', 'r'],
        ['people_pkey', 'public', 'i'],
        ['seen', 'public', 'v'],
      ],
    ],
    [
      `select a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid)
       from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
       where c.relname = 'people' and a.attnum > 0 and pg_table_is_visible(c.oid) order by a.attnum`,
      [
        ['id', 'integer', null],
        ['name', 'text', null],
        ['added', 'text', null],
      ],
    ],
    [`select tablename from pg_tables where schemaname = 'public'`, [['people']]],
    [`select viewname, definition from pg_views where schemaname = 'public'`, [['seen', null]]],
    [
      `select kcu.column_name from information_schema.table_constraints tc
       join information_schema.key_column_usage kcu using (constraint_schema, constraint_name)
       where tc.constraint_type = 'PRIMARY KEY' and tc.table_schema = 'public'`,
      [['id']],
    ],
    [
      `select description from pg_description d join pg_class c on c.oid = d.objoid where c.relname = 'people'`,
      [['who']],
    ],
  ])('%s', async (query, rows) => {
    const { status, body } = await ask(query);
    expect([status, body.code, body.data]).toEqual([200, undefined, rows]);
  });

  it.each([
    'select * from information_schema.columns',
    'select * from information_schema.views',
    'select * from pg_attribute',
    'select * from pg_class',
    'select * from pg_attrdef',
    'select * from pg_indexes',
    'select * from pg_views',
    'select proname, prosrc from pg_proc limit 10000',
    'select row_to_json(a) from pg_attribute a',
    'select attmissingval from pg_attribute where attmissingval is not null',
  ])('shows no value, no definition and nothing hidden in: %s', async (query) => {
    const { status, body } = await ask(query);
    expect(status).toBe(200);
    expect(JSON.stringify(body.data)).not.toMatch(/canary|secret/);
  });

  it.each([
    'select * from pg_stats',
    'select * from pg_statistic',
    'select * from pg_roles',
    'select * from pg_stat_activity',
    'select * from pg_settings',
    'select * from pg_shadow',
    'select * from information_schema.column_privileges',
    "select pg_get_viewdef('seen'::regclass)",
    'update pg_class set relname = relname',
  ])('refuses: %s', async (query) => {
    const { body } = await ask(query);
    expect(body.code).toMatch(/^(permission\.(table|function)_denied|query\.read_only)$/);
  });
});
