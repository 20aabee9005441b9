import { Client } from 'pg';
import { freshPostgresDatabase } from '../servers/servers';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe('policies over HTTP', () => {
  let service: TestService;
  let database: Awaited<ReturnType<typeof freshPostgresDatabase>>;
  let client: Client;
  let connectionId: string;
  let maria: TestUser;

  beforeAll(async () => {
    [service, database] = await Promise.all([startTestService(), freshPostgresDatabase()]);
    client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`
      create table customers (id int primary key, country text, name text, email text, salary int, notes text);
      insert into customers values
        (1, 'DE', 'Ada', 'ada@example.org', 50000, 'n1'), (2, 'DE', 'Grace', 'grace@example.org', 60000, 'n2'),
        (3, 'FR', 'Canary', 'canary@example.org', 70000, 'canary-note');
      create table orders (id int primary key, customer_id int);
      insert into orders values (10, 1), (11, 3);
      create view contacts as select id, name, email, notes from customers;
    `);
    const { host, port, database: name, username, password } = database;
    const created = await service.api('POST', '/api/database/connections', {
      name: 'p',
      type: 'postgresql',
      host,
      port,
      database: name,
      username,
      password,
      readOnly: false,
    });
    connectionId = created.body.id;
    maria = await service.user('user');
    await permit({});
    await service.api('PATCH', `/api/users/${maria.id}`, { attributes: { country: 'DE' } });
    await put(policies);
  });
  afterAll(async () => {
    await client?.end();
    await service?.close();
    await database?.drop();
  });

  const policies = [
    { table: 'customers', column: 'email', mask: 'email' },
    { schema: 'public', table: 'customers', column: 'salary', mask: 'full' },
    {
      schema: 'public',
      table: 'customers',
      column: 'name',
      mask: 'expression',
      expression: "left(name, 1) || ':name'",
    },
    { schema: 'public', table: 'customers', column: 'notes', deny: true },
    { schema: 'public', table: 'customers', rowFilter: 'country = :country' },
  ];
  const put = (items: unknown): Promise<Answer> =>
    service.api('PUT', `/api/database/connections/${connectionId}/policies`, { items });
  const permit = async (permission: Record<string, unknown>): Promise<void> => {
    const path = `/api/database/connections/${connectionId}/permissions/${maria.id}`;
    expect((await service.api('PUT', path, permission)).status).toBe(200);
  };
  const ask = (query: string, more: object = {}, auth: string = maria.token): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query, rowMode: 'array', ...more }, auth);

  it('keeps them with the names as the catalog spells them', async () => {
    const { body } = await service.api('GET', `/api/database/connections/${connectionId}/policies`);
    expect(body.items[0]).toEqual({ schema: 'public', table: 'customers', column: 'email', mask: 'email' });
    expect(body.items).toHaveLength(5);
    expect(body.epoch).toBeGreaterThan(0);
  });

  it('shows what a viewer may see, and says which columns are masked', async () => {
    const { status, body } = await ask('select * from customers order by id');
    expect(status).toBe(200);
    expect(body.columns.map(({ name, masked }: any) => [name, masked])).toEqual([
      ['id', false],
      ['country', false],
      ['name', true],
      ['email', true],
      ['salary', true],
    ]);
    expect(body.data).toEqual([
      [1, 'DE', 'A:name', 'ad***@example.org', null],
      [2, 'DE', 'G:name', 'gr***@example.org', null],
    ]);
  });

  it('lets administrators see everything', async () => {
    const { body } = await ask('select * from customers order by id', {}, service.admin);
    expect(body.data).toHaveLength(3);
    expect(body.columns.every(({ masked }: any) => !masked)).toBe(true);
  });

  it('reaches through views', async () => {
    const { body } = await ask('select * from contacts order by id');
    expect(body.data).toEqual([
      [1, 'A:name', 'ad***@example.org', null],
      [2, 'G:name', 'gr***@example.org', null],
    ]);
  });

  it('refuses a denied column, saying where it stands', async () => {
    const { status, body } = await ask('select id, notes from customers');
    expect([status, body.code, body.position]).toEqual([403, 'permission.column_denied', 11]);
  });

  it('tells positions in the text as it was written', async () => {
    const { body } = await ask('select c.id, c.nothing from customers c, orders o');
    expect([body.code, body.position]).toEqual(['query.unknown_object', 14]);
    const later = await ask('select id from customers where idd = 1');
    expect([later.body.code, later.body.position]).toEqual(['query.unknown_object', 32]);
  });

  it('streams under the same policies', async () => {
    const { text } = await service.api(
      'POST',
      '/api/database/query/stream?format=csv',
      { connectionId, query: 'select email from customers order by id' },
      maria.token,
    );
    expect(text.split('\r\n').slice(1, 3)).toEqual(['ad***@example.org', 'gr***@example.org']);
  });

  it('shows values to whoever is unmasked, but no other rows or denied columns', async () => {
    await permit({ unmasked: true });
    const { body } = await ask('select email from customers order by id');
    expect(body.data).toEqual([['ada@example.org'], ['grace@example.org']]);
    expect((await ask('select notes from customers')).body.code).toBe('permission.column_denied');
    await permit({});
  });

  it('takes a change of the policies, of attributes and of the permission at once', async () => {
    const query = 'select count(*) from customers';
    expect((await ask(query)).body.data).toEqual([['2']]);
    await service.api('PATCH', `/api/users/${maria.id}`, { attributes: { country: 'FR' } });
    expect((await ask(query)).body.data).toEqual([['1']]);
    await put(policies.filter(({ rowFilter }) => rowFilter === undefined));
    expect((await ask(query)).body.data).toEqual([['3']]);
    await put(policies);
    await service.api('PATCH', `/api/users/${maria.id}`, { attributes: {} });
    expect((await ask(query)).body.code).toBe('policy.broken');
    await service.api('PATCH', `/api/users/${maria.id}`, { attributes: { country: 'DE' } });
  });

  it('never runs on a catalog that has changed', async () => {
    const query = 'select * from shifting order by 1';
    await client.query('create view shifting as select id from orders');
    expect((await ask(query, { cache: 'bypass' })).body.data).toEqual([[10], [11]]);
    await client.query('drop view shifting; create view shifting as select id, email from customers');
    expect((await ask(query, { cache: 'bypass' })).body.data).toEqual([
      [1, 'ad***@example.org'],
      [2, 'gr***@example.org'],
    ]);
    await client.query('drop view shifting; create table shifting (id int); insert into shifting values (7)');
    expect((await ask(query, { cache: 'bypass' })).body.data).toEqual([[7]]);
  });

  it('finds a policy broken whose column is gone, instead of showing the one that took its place', async () => {
    await client.query('alter table customers rename column email to mail');
    try {
      expect((await ask('select * from customers', { cache: 'bypass' })).body.code).toBe('policy.broken');
    } finally {
      await client.query('alter table customers rename column mail to email');
    }
    expect((await ask('select id from customers', { cache: 'bypass' })).status).toBe(200);
  });

  it.each([
    ['an unknown table', { table: 'nothing', rowFilter: 'true' }],
    ['an unknown column', { table: 'customers', column: 'nothing', mask: 'full' }],
    ['two effects', { table: 'customers', column: 'email', mask: 'full', deny: true }],
    ['no effect', { table: 'customers', column: 'email' }],
    ['a mask without a column', { table: 'customers', mask: 'full' }],
    ['a filter on a column', { table: 'customers', column: 'email', rowFilter: 'true' }],
    ['a filter that is no condition', { table: 'customers', rowFilter: 'id' }],
    ['a filter with a syntax error', { table: 'customers', rowFilter: 'id = (' }],
    ['a filter of two expressions', { table: 'customers', rowFilter: 'true), (true' }],
    ['a filter that ends the statement', { table: 'customers', rowFilter: 'true) --' }],
    ['a filter over an unknown column', { table: 'customers', rowFilter: 'nothing = 1' }],
    ['a filter over an unknown table', { table: 'customers', rowFilter: 'id in (select id from nothing)' }],
    [
      'an expression without the mask',
      { table: 'customers', column: 'email', mask: 'full', expression: 'id' },
    ],
  ])('refuses %s', async (_, item) => {
    const { status, body } = await put([item]);
    expect([status, body.code]).toEqual([400, 'policy.invalid']);
  });

  const check = (query: string, more: object = {}, auth: string = maria.token): Promise<Answer> =>
    service.api('POST', '/api/database/query/check', { connectionId, query, ...more }, auth);

  it('explains itself without running anything', async () => {
    const { status, body } = await check(
      'select name, email from contacts join orders o on o.id = contacts.id',
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ allowed: true, statement: 'select', access: 'read', rewritten: null });
    expect(body.relations).toEqual([
      expect.objectContaining({ schema: 'public', name: 'contacts', filtered: false, masks: {}, denied: [] }),
      expect.objectContaining({ schema: 'public', name: 'orders', filtered: false, masks: {}, denied: [] }),
      {
        schema: 'public',
        name: 'customers',
        access: 'read',
        filtered: true,
        masks: { email: 'email', salary: 'full', name: 'expression' },
        denied: ['notes'],
      },
    ]);
    const refused = await check('select notes from customers');
    expect(refused.body).toMatchObject({
      allowed: false,
      refusal: { code: 'permission.column_denied', position: 7 },
      rewritten: null,
    });
    expect(refused.body.refusal.detail).toMatch(/administrator/);
  });

  it('lets administrators ask for somebody else, and shows them what would be sent', async () => {
    const query = 'select email from customers';
    const own = await check(query, {}, service.admin);
    expect(own.body.rewritten).toBe(query);
    const hers = await check(query, { userId: maria.id }, service.admin);
    expect(hers.body.rewritten).toContain("country = 'DE'");
    expect((await check(query, { userId: maria.id })).body.code).toBe('auth.forbidden');
    expect((await check(query, { userId: 'x' }, service.admin)).body.code).toBe('request.invalid');
  });

  it('shows the schema as it can be read: what is denied is not there, what is masked is marked', async () => {
    const at = (name: string): Promise<Answer> =>
      service.api(
        'GET',
        `/api/database/schema/tables/${name}?connectionId=${connectionId}`,
        undefined,
        maria.token,
      );
    const { body } = await at('customers');
    expect(body.columns.map(({ name, masked }: any) => [name, masked])).toEqual([
      ['id', false],
      ['country', false],
      ['name', true],
      ['email', true],
      ['salary', true],
    ]);
    expect(body.rowEstimate).toBeNull();
    const view = await at('contacts');
    expect(view.body.columns.map(({ name, masked }: any) => [name, masked])).toEqual([
      ['id', false],
      ['name', true],
      ['email', true],
      ['notes', true],
    ]);
    const all = await service.api(
      'GET',
      `/api/database/schema/tables/customers?connectionId=${connectionId}`,
    );
    expect(all.body.columns.map(({ name }: any) => name)).toContain('notes');
  });

  it('lets an administrator list functions that may be called', async () => {
    await client.query("create function twice(int) returns int language sql as 'select $1 * 2'");
    const query = 'select twice(id) from orders order by 1';
    expect((await ask(query)).body).toMatchObject({
      code: 'permission.function_denied',
      detail: expect.stringContaining('administrator'),
    });
    const path = `/api/database/connections/${connectionId}/policies`;
    const { body } = await service.api('PUT', path, { items: policies, functions: ['public.twice'] });
    expect(body.functions).toEqual(['public.twice']);
    expect((await ask(query)).body.data).toEqual([[20], [22]]);
    expect((await ask('select public.twice(1)')).body.data).toEqual([[2]]);
    expect((await ask('select other.twice(1)')).body.code).toBe('permission.function_denied');
    await put(policies);
    expect((await ask(query)).body.code).toBe('permission.function_denied');
  });

  it('leaves connections without policies alone', async () => {
    expect((await put([])).status).toBe(200);
    expect((await ask('select email from customers where id = 3')).body.data).toEqual([
      ['canary@example.org'],
    ]);
    expect((await put(policies)).status).toBe(200);
  });

  it('writes what was changed into the audit', async () => {
    const { body } = await service.api('GET', '/api/audit?action=policy.update&limit=1');
    expect(body.items[0]).toMatchObject({
      action: 'policy.update',
      resourceId: connectionId,
      result: 'success',
    });
    expect(body.items[0].details.after).toHaveLength(5);
  });
});
