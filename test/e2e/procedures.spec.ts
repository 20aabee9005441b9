import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { mariadbEngine, postgresqlEngine, sqliteEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

/** Makes procedures in a database; both engines get those of the same names that do the same. */
const made = {
  postgresql: [
    `create function people_named(wanted text) returns setof people language sql stable as 'select * from people where name = wanted'`,
    `create procedure tally(size int, inout step int, out total int) language plpgsql as $$ begin step := step + 1; total := size * 2; end $$`,
    `create function many(out first refcursor, out second refcursor) language plpgsql as $$ begin
      open first for select n from numbers order by n; open second for select n from numbers order by n desc; end $$`,
    `create procedure renames(who int, new_name text) language sql as 'update people set name = new_name where id = who'`,
    `create procedure renames_all() language sql as 'update people set name = name'`,
    `create procedure counts(out total int) language sql as 'select count(*)::int from people'`,
    `create procedure loops() language plpgsql as $$ begin loop perform 1; end loop; end $$`,
    `create procedure commits() language plpgsql as $$ begin commit; end $$`,
    `create procedure tells() language plpgsql as $$ begin raise exception '%', (select value from secrets); end $$`,
    `create function wide() returns setof text language sql as 'select repeat(''x'', 1000000) from generate_series(1, 70)'`,
    `create view seen as select id, email from people`,
  ],
  mariadb: [
    `create procedure people_named(wanted varchar(40)) begin select * from people where name = wanted; end`,
    `create procedure tally(size int, inout step int, out total int) begin set step = step + 1; set total = size * 2; end`,
    `create procedure many() begin select n from numbers order by n; select n from numbers order by n desc; end`,
    `create procedure renames(who int, new_name varchar(40)) begin update people set name = new_name where id = who; end`,
    `create procedure renames_all() begin update people set name = concat(name, '') , email = 'changed'; end`,
    `create procedure counts(out total int) begin select count(*) into total from people; end`,
    `create procedure loops() begin while true do set @a = 1; end while; end`,
    `create procedure commits() begin commit; end`,
    `create procedure tells() begin declare words text; select value into words from secrets; signal sqlstate '45000' set message_text = words; end`,
    `create procedure wide() begin select repeat('x', 1000000) as a from numbers where n <= 70; end`,
    `create view seen as select id, email from people`,
  ],
} as const;

async function execute(engine: SqlEngine, statements: readonly string[]): Promise<any[]> {
  const { host, port, database, username: user, password } = engine.target as any;
  const rows: any[] = [];
  if (engine.type === 'postgresql') {
    const client = new Client({ host, port, database, user, password });
    await client.connect();
    for (const statement of statements) rows.push(...(await client.query(statement)).rows);
    await client.end();
  } else {
    const client = await createConnection({ host, port, database, user, password });
    for (const statement of statements) rows.push(...([(await client.query(statement))[0]].flat() as any[]));
    await client.end();
  }
  return rows;
}

interface Listed {
  readonly procedure: string;
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
}

describe.each(['postgresql', 'mariadb'] as const)('procedures on %s', (type) => {
  let service: TestService;
  let other: TestService;
  let engine: SqlEngine;
  let user: TestUser;
  let connectionId: string;
  let system: Client;

  const named = (name: string): string => engine.prefix + name;
  const permissionPath = (): string => `/api/database/connections/${connectionId}/permissions/${user.id}`;
  const permit = async (permission: object, listed: readonly Listed[] = []): Promise<void> => {
    expect((await service.api('PUT', permissionPath(), permission)).status).toBe(200);
    await list(listed);
  };
  const list = async (listed: readonly Listed[]): Promise<void> => {
    const items = listed.map(({ procedure, reads = [], writes = [] }) => ({
      procedure: named(procedure),
      reads: reads.map(named),
      writes: writes.map(named),
    }));
    const answer = await service.api('PUT', `${permissionPath()}/procedures`, { items });
    expect([answer.status, answer.body]).toEqual([200, { items }]);
  };
  const call = (
    procedure: string,
    params: unknown = [],
    more: object = {},
    on: TestService = service,
  ): Promise<Answer> =>
    on.api(
      'POST',
      '/api/database/procedure',
      { connectionId, procedure: named(procedure), params, ...more },
      user.token,
    );
  const codeOf = async (...given: Parameters<typeof call>): Promise<unknown> =>
    (await call(...given)).body.code ?? 'none';
  const setPolicies = async (items: object[]): Promise<void> => {
    const schema = engine.prefix.slice(0, -1);
    const answer = await service.api('PUT', `/api/database/connections/${connectionId}/policies`, {
      items: items.map((item) => ({ schema, ...item })),
    });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  };
  const nameOf = async (id: number): Promise<string> =>
    (await execute(engine, [`select name from people where id = ${id}`]))[0].name;
  const audited = async (queryId: string): Promise<any> => {
    await sleep(100);
    const { rows } = await system.query('select action, result, details from audit_logs where id = $1', [
      queryId,
    ]);
    return rows[0];
  };

  beforeAll(async () => {
    [service, engine] = await Promise.all([
      startTestService(),
      type === 'postgresql' ? postgresqlEngine() : mariadbEngine(),
    ]);
    other = await service.replica();
    await execute(engine, made[type]);
    user = await service.user('user');
    const body = { name: 'procedures', ...engine.target, readOnly: false };
    connectionId = (await service.api('POST', '/api/database/connections', body)).body.id;
    system = new Client({ connectionString: service.database.url });
    await system.connect();
  });
  afterAll(async () => {
    await system?.end();
    await service?.close();
    await engine?.drop();
  });
  beforeEach(async () => {
    await setPolicies([]);
    await permit({ canWrite: false });
  });

  it('calls what is listed, and nothing else', async () => {
    expect(await codeOf('tally', [20, 1])).toBe('permission.procedure_denied');
    await list([{ procedure: 'tally' }]);
    const { status, body } = await call('tally', [20, 1]);
    expect([status, body]).toEqual([
      200,
      {
        queryId: expect.any(String),
        success: true,
        resultSets: [],
        out: { step: 2, total: 40 },
        outColumns: [
          expect.objectContaining({ name: 'step', type: 'integer' }),
          expect.objectContaining({ name: 'total', type: 'integer' }),
        ],
        rowCount: 0,
        truncated: false,
        executionTimeMs: expect.any(Number),
        cached: false,
        metadata: {
          connectionId,
          engine: type,
          statement: 'call',
          procedure: named('tally'),
          kind: 'procedure',
        },
      },
    ]);
    expect((await call('tally', { step: 5, size: 1 })).body.out).toEqual({ step: 6, total: 2 });
    expect(await codeOf('people_named', ['Ada'])).toBe('permission.procedure_denied');
    expect(await codeOf('no_such_thing')).toBe('permission.procedure_denied');
    await list([{ procedure: 'no_such_thing' }]);
    expect(await codeOf('no_such_thing')).toBe('query.unknown_object');
  });

  it('takes a name without a schema where there is one schema to look in', async () => {
    await list([{ procedure: 'tally' }]);
    const body = { connectionId, procedure: 'tally', params: [1, 1] };
    expect((await service.api('POST', '/api/database/procedure', body, user.token)).body.out).toEqual({
      step: 2,
      total: 2,
    });
  });

  it('gives results in both row modes', async () => {
    await list([{ procedure: 'people_named', reads: ['people'] }]);
    const { body } = await call('people_named', { wanted: 'Ada' });
    expect(body.resultSets).toMatchObject([
      { name: null, data: [{ id: 1, name: 'Ada', email: 'ada@example.org' }], rowCount: 1, truncated: false },
    ]);
    expect(body.out).toEqual({});
    const rows = await call('people_named', ['Ada'], { rowMode: 'array' });
    expect(rows.body.resultSets[0].data).toEqual([[1, 'Ada', 'ada@example.org']]);
  });

  it('counts the rows of all results together, exactly', async () => {
    await list([{ procedure: 'many', reads: ['numbers'] }]);
    const shape = async (maxRows?: number): Promise<unknown> => {
      const { body } = await call('many', [], { maxRows });
      return [
        body.resultSets.map((set: any) => [set.rowCount, set.truncated, set.data[0]?.n]),
        body.rowCount,
        body.truncated,
      ];
    };
    expect(await shape()).toEqual([[[5000, false, 1], [5000, false, 5000]], 10000, false]); // prettier-ignore
    expect(await shape(10000)).toEqual([[[5000, false, 1], [5000, false, 5000]], 10000, false]); // prettier-ignore
    expect(await shape(6000)).toEqual([[[5000, false, 1], [1000, true, 5000]], 6000, true]); // prettier-ignore
    expect(await shape(5000)).toEqual([[[5000, false, 1], [0, true, undefined]], 5000, true]); // prettier-ignore
    expect(await shape(2)).toEqual([[[2, true, 1], [0, true, undefined]], 2, true]); // prettier-ignore
    await permit({ maxRowsPerQuery: 3 }, [{ procedure: 'many', reads: ['numbers'] }]);
    expect(await shape()).toEqual([[[3, true, 1], [0, true, undefined]], 3, true]); // prettier-ignore
  });

  it('refuses an answer that is too large', async () => {
    await list([{ procedure: 'wide', reads: ['numbers'] }]);
    expect(await codeOf('wide')).toBe('query.result_too_large');
    expect((await call('wide', [], { maxRows: 2 })).body.rowCount).toBe(2);
  });

  it('lets what is declared to write nothing write nothing', async () => {
    await permit({ canWrite: true }, [{ procedure: 'renames', reads: ['people'] }]);
    const lied = await call('renames', [1, 'Eve']);
    expect([lied.status, lied.body.code]).toEqual([403, 'query.read_only']);
    expect(await nameOf(1)).toBe('Ada');
  });

  it('writes what is declared, where the permission and the connection let it', async () => {
    const listed = [{ procedure: 'renames', writes: ['people'] }];
    await permit({ canWrite: false }, listed);
    expect(await codeOf('renames', [2, 'Eve'])).toBe('permission.write_denied');
    await permit({ canWrite: true, writableTables: [] }, listed);
    expect(await codeOf('renames', [2, 'Eve'])).toBe('permission.write_denied');
    await permit({ canWrite: true, allowedTables: [named('numbers')] }, listed);
    expect(await codeOf('renames', [2, 'Eve'])).toBe('permission.table_denied');
    expect(await nameOf(2)).toBe('Grace');
    await permit({ canWrite: true, writableTables: [named('people')] }, listed);
    const written = await call('renames', [2, 'Eve']);
    expect([written.body.metadata.affectedRows, await nameOf(2)]).toEqual([1, 'Eve']);
    await service.api('PATCH', `/api/database/connections/${connectionId}`, { readOnly: true });
    expect(await codeOf('renames', [2, 'Mallory'])).toBe('query.read_only');
    await service.api('PATCH', `/api/database/connections/${connectionId}`, { readOnly: false });
    expect(await nameOf(2)).toBe('Eve');
  });

  it('undoes a call that changes more rows than it may', async () => {
    const listed = [{ procedure: 'renames_all', writes: ['people'] }];
    await permit({ canWrite: true, maxRowsPerWrite: 2 }, listed);
    expect(await codeOf('renames_all')).toBe('query.write_too_large');
    await permit({ canWrite: true, maxRowsPerWrite: 3 }, listed);
    expect((await call('renames_all')).body.metadata.affectedRows).toBe(3);
  });

  it('forgets what was read before', async () => {
    await permit({ canWrite: true }, [{ procedure: 'renames', writes: ['people'] }]);
    const ask = (): Promise<Answer> =>
      service.api(
        'POST',
        '/api/database/query',
        { connectionId, query: `select name from people where id = 3` },
        user.token,
      );
    await ask();
    expect((await ask()).body.cached).toBe(true);
    await call('renames', [3, 'Edsger W.']);
    expect((await ask()).body).toMatchObject({ cached: false, data: [{ name: 'Edsger W.' }] });
  });

  it('refuses reads of what is not permitted', async () => {
    await permit({ allowedTables: [named('numbers')] }, [{ procedure: 'counts', reads: ['people'] }]);
    expect(await codeOf('counts')).toBe('permission.table_denied');
    await permit({ canQuery: false }, [{ procedure: 'counts' }]);
    expect(await codeOf('counts')).toBe('permission.connection_denied');
  });

  it.each([
    ['a mask', [{ table: 'people', column: 'email', mask: 'email' }], 200],
    ['a denied column', [{ table: 'people', column: 'email', deny: true }], 400],
    ['a row filter', [{ table: 'people', rowFilter: 'id = 1' }], 400],
  ] as const)('refuses what touches a table with %s', async (_, policies, unmasked) => {
    const refused = [400, 'policy.unsupported'];
    const told = ({ status, body }: Answer): unknown[] => [status, body.code];
    await setPolicies([...policies]);
    for (const reads of [['people'], ['seen'], ['numbers', 'people']]) {
      await permit({}, [{ procedure: 'counts', reads }]);
      expect([reads, ...told(await call('counts'))]).toEqual([reads, ...refused]);
    }
    await permit({ canWrite: true }, [{ procedure: 'renames', writes: ['people'] }]);
    expect(told(await call('renames', [1, 'Eve']))).toEqual(refused);
    await permit({}, [{ procedure: 'many', reads: ['numbers'] }]);
    expect((await call('many')).status).toBe(200);
    await permit({ unmasked: true }, [{ procedure: 'counts', reads: ['people'] }]);
    expect((await call('counts')).status).toBe(unmasked);
    expect(await nameOf(1)).toBe('Ada');
  });

  it('refuses once a view that was declared shows what is masked', async () => {
    await setPolicies([{ table: 'secrets', column: 'value', mask: 'full' }]);
    await permit({}, [{ procedure: 'counts', reads: ['shifting'] }]);
    await execute(engine, ['create view shifting as select n from numbers']);
    expect((await call('counts')).status).toBe(200);
    await execute(engine, ['drop view shifting', 'create view shifting as select value as n from secrets']);
    expect(await codeOf('counts')).toBe('policy.unsupported');
    await execute(engine, ['drop view shifting']);
  });

  it('refuses catalogs, which show themselves in whole inside of a procedure', async () => {
    const system = type === 'postgresql' ? 'pg_catalog.pg_authid' : 'mysql.user';
    const shown = type === 'postgresql' ? 'pg_catalog.pg_class' : 'information_schema.tables';
    for (const table of [system, shown]) {
      const items = [{ procedure: named('counts'), reads: [table], writes: [] }];
      await service.api('PUT', `${permissionPath()}/procedures`, { items });
      expect([table, await codeOf('counts')]).toEqual([table, 'permission.table_denied']);
    }
  });

  it('lets administrators call everything, in so far as no policy binds them', async () => {
    const asAdmin = (procedure: string, params: unknown = []): Promise<Answer> =>
      service.api('POST', '/api/database/procedure', { connectionId, procedure: named(procedure), params });
    const renamed = await asAdmin('renames', [1, 'Ada L.']);
    expect([renamed.status, renamed.body.metadata.affectedRows, await nameOf(1)]).toEqual([200, 1, 'Ada L.']);
    expect((await audited(renamed.body.queryId)).details).toMatchObject({
      reads: null,
      writes: null,
      access: 'write',
    });
    await setPolicies([{ table: 'numbers', rowFilter: 'n = 1', appliesTo: { roles: ['admin'] } }]);
    expect((await asAdmin('renames', [1, 'Ada'])).body.code).toBe('policy.unsupported');
    await setPolicies([]);
    await asAdmin('renames', [1, 'Ada']);
  });

  it('refuses parameters that do not fit', async () => {
    await list([{ procedure: 'tally' }]);
    for (const params of [[1], [1, 2, 3], { size: 1 }, { size: 1, step: 1, total: 1 }]) {
      expect([params, await codeOf('tally', params)]).toEqual([params, 'query.invalid_parameter']);
    }
    expect(await codeOf('tally', ['x', 1])).toBe('query.invalid_value');
    for (const body of [
      { procedure: 5 },
      { procedure: '' },
      { params: [] },
      { procedure: 'a.b', query: 'select 1' },
      { procedure: 'a.b', params: 'x' },
      { procedure: 'a.b', params: { a: 2 ** 60 } },
      { procedure: 'a.b', cache: 'use' },
      { procedure: 'a.b', cacheTtlSeconds: 0 },
      { procedure: 'a\0b' },
      [],
    ]) {
      const answer = await service.api('POST', '/api/database/procedure', body, user.token);
      expect([body, answer.body.code]).toEqual([body, 'request.invalid']);
    }
  });

  it('tells no words of a procedure, and refuses those that end the transaction', async () => {
    await list([{ procedure: 'tells', reads: ['secrets'] }, { procedure: 'commits' }]);
    const told = await call('tells');
    expect(told.body.code).toBe('query.database_error');
    expect(told.text).not.toContain('canary-value');
    expect(service.logged()).not.toContain('canary-value');
    const refused = await call('commits');
    expect([refused.body.code, refused.body.detail]).toEqual([
      'query.unsupported',
      'A procedure cannot begin or end the transaction that it runs in',
    ]);
  });

  it('stops at the deadline', async () => {
    await permit({ maxExecutionTimeSeconds: 1 }, [{ procedure: 'loops' }]);
    expect(await codeOf('loops', [], { timeoutMs: 200 })).toBe('query.timeout');
    expect(await codeOf('loops')).toBe('query.timeout');
  });

  const runningId = async (): Promise<string> => {
    for (;;) {
      const { body } = await service.api('GET', '/api/database/query/running', undefined, user.token);
      const found = body.items.find(({ statement }: any) => statement === `CALL ${named('loops')}`);
      if (found) return found.queryId;
      await sleep(20);
    }
  };

  it('is stopped by a cancel, from any replica', async () => {
    await list([{ procedure: 'loops' }]);
    for (const replica of [service, other]) {
      const calling = call('loops');
      const id = await runningId();
      expect((await replica.api('DELETE', `/api/database/query/${id}`, undefined, user.token)).status).toBe(
        204,
      );
      const { body } = await calling;
      expect([body.code, body.queryId]).toEqual(['query.cancelled', id]);
    }
  });

  it('is stopped when it is not listed any more', async () => {
    await list([{ procedure: 'loops' }]);
    const calling = call('loops');
    await runningId();
    await list([]);
    expect((await calling).body.code).toBe('permission.revoked');
    expect(await codeOf('loops', [], {}, other)).toBe('permission.procedure_denied');
  });

  it('is stopped when it is not listed as one that writes any more', async () => {
    await permit({ canWrite: true }, [{ procedure: 'loops', writes: ['people'] }]);
    const calling = call('loops');
    await runningId();
    await list([{ procedure: 'loops' }]);
    expect((await calling).body.code).toBe('permission.revoked');
  });

  it('goes on when something else is listed beside it', async () => {
    await permit({ maxExecutionTimeSeconds: 2 }, [{ procedure: 'loops' }]);
    const calling = call('loops');
    await runningId();
    await list([{ procedure: 'loops' }, { procedure: 'tally' }]);
    expect((await calling).body.code).toBe('query.timeout');
  });

  it('is in the record, with what it was declared to read and write', async () => {
    await permit({ canWrite: true }, [{ procedure: 'renames', reads: ['numbers'], writes: ['people'] }]);
    const { body } = await call('renames', [3, 'canary-parameter']);
    expect(await audited(body.queryId)).toMatchObject({
      action: 'query.run',
      result: 'success',
      details: {
        queryId: body.queryId,
        kind: 'call',
        access: 'write',
        procedure: named('renames'),
        reads: [named('numbers')],
        writes: [named('people')],
        relations: [named('numbers'), named('people')],
      },
    });
    const refused = await call('counts');
    expect(await audited(refused.body.queryId)).toMatchObject({
      action: 'query.refuse',
      result: 'failure',
      details: { code: 'permission.procedure_denied' },
    });
    const { rows } = await system.query(
      'select generated_sql, statement_kind, status, row_count, result_bytes from query_history where id = any($1) order by created_at',
      [[body.queryId, refused.body.queryId]],
    );
    expect(rows).toMatchObject([
      {
        generated_sql: `CALL ${named('renames')}`,
        statement_kind: 'call',
        status: 'success',
        row_count: '1',
        result_bytes: expect.stringMatching(/^[1-9]/),
      },
      { generated_sql: `CALL ${named('counts')}`, status: 'error' },
    ]);
    const all = await system.query(`select string_agg(a::text, ' ') as text from audit_logs a`);
    expect(all.rows[0].text).not.toContain('canary-parameter');
    const listed = await system.query(
      `select details from audit_logs where action = 'permission.procedures' order by created_at desc limit 1`,
    );
    expect(listed.rows[0].details.after).toEqual([
      { procedure: named('renames'), reads: [named('numbers')], writes: [named('people')] },
    ]);
  });

  it('counts for the budget of the day', async () => {
    await permit({ dailyRows: 3 }, [{ procedure: 'many', reads: ['numbers'] }]);
    expect((await call('many', [], { maxRows: 4 })).status).toBe(200);
    await sleep(200);
    expect(await codeOf('many')).toBe('query.budget_exhausted');
  });

  it('shows what may be called, how, and why not', async () => {
    await setPolicies([{ table: 'people', column: 'email', mask: 'email' }]);
    await list([{ procedure: 'tally' }, { procedure: 'counts', reads: ['people'] }, { procedure: 'gone' }]);
    const mine = await service.api(
      'GET',
      `/api/database/procedures?connectionId=${connectionId}`,
      undefined,
      user.token,
    );
    const [counts, tally] = mine.body.items.toSorted((a: any, b: any) =>
      a.procedure < b.procedure ? -1 : 1,
    );
    expect(mine.body.items.length).toBe(2);
    expect(counts).toMatchObject({ procedure: named('counts'), refusal: { code: 'policy.unsupported' } });
    expect(tally).toMatchObject({
      procedure: named('tally'),
      kind: 'procedure',
      parameters: [
        { name: 'size', mode: 'in', optional: false },
        { name: 'step', mode: 'inout' },
        { name: 'total', mode: 'out' },
      ],
      reads: [],
      writes: [],
      refusal: null,
    });
    const all = await service.api('GET', `/api/database/procedures?connectionId=${connectionId}`);
    expect(all.body.items.map(({ procedure }: any) => procedure)).toEqual(
      expect.arrayContaining(['tally', 'counts', 'loops'].map(named)),
    );
  });

  it('keeps the list when the permission is granted anew, and drops it with the permission', async () => {
    await list([{ procedure: 'tally' }]);
    await service.api('PUT', permissionPath(), { canQuery: true });
    expect((await call('tally', [1, 1])).status).toBe(200);
    await service.api('DELETE', permissionPath());
    expect((await service.api('GET', `${permissionPath()}/procedures`)).status).toBe(404);
    expect((await service.api('PUT', `${permissionPath()}/procedures`, { items: [] })).status).toBe(404);
    await service.api('PUT', permissionPath(), { canQuery: true });
    expect(await codeOf('tally', [1, 1])).toBe('permission.procedure_denied');
  });

  it('lists nothing that is not well formed', async () => {
    const tally = { procedure: named('tally'), reads: [], writes: [] };
    for (const items of [
      [{ ...tally, procedure: 'tally' }],
      [tally, tally],
      [{ ...tally, reads: ['people'] }],
      [{ ...tally, reads: undefined }],
      [{ ...tally, writes: null }],
      [{ ...tally, more: 1 }],
      null,
    ]) {
      const answer = await service.api('PUT', `${permissionPath()}/procedures`, { items });
      expect([items, answer.body.code]).toEqual([items, 'request.invalid']);
    }
    const { status } = await service.api(
      'PUT',
      `${permissionPath()}/procedures`,
      { items: [tally] },
      user.token,
    );
    expect(status).toBe(403);
  });
});

describe('procedures where there are none', () => {
  it('are refused in the words of the engine', async () => {
    const [service, engine] = await Promise.all([startTestService(), sqliteEngine()]);
    const body = { name: 'file', ...engine.target };
    const connectionId = (await service.api('POST', '/api/database/connections', body)).body.id;
    const answer = await service.api('POST', '/api/database/procedure', { connectionId, procedure: 'a.b' });
    expect([answer.status, answer.body.code, answer.body.detail]).toEqual([
      400,
      'query.unsupported',
      'SQLite has no stored procedures',
    ]);
    expect(
      (await service.api('GET', `/api/database/procedures?connectionId=${connectionId}`)).body.items,
    ).toEqual([]);
    await service.close();
    await engine.drop();
  });
});
