import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { RelationVersion } from '../../src/common/relation-description';
import { driverFor } from '../../src/drivers';
import type { Source } from '../../src/drivers/driver';
import { describeEngine, freshMariadbDatabase, type FreshDatabase } from '../servers/servers';
import { collect, connectOptions, eventually, failure, never, request } from './driver-contract';

/** Changes of the catalog that race with statements resting on it. */
describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let source: Source;
  let admin: Connection;
  let other: Connection;

  const waitsForMetadata = () =>
    eventually(async () => {
      const [rows] = await admin.query<RowDataPacket[]>(
        "select count(*) as n from information_schema.processlist where db = ? and state like 'Waiting for table metadata lock%'",
        [database.database],
      );
      return Number(rows[0]?.['n']) > 0;
    });

  const versionOf = async (name: string): Promise<RelationVersion> => {
    const relation = { schema: database.database, name };
    const [found] = await source.describe([relation], never);
    return { ...relation, version: found!.version };
  };

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    admin = await createConnection(database.url);
    other = await createConnection(database.url);
    const driver = await driverFor('mariadb');
    source = await driver.connect(
      driver.parseConfig({ connectionString: database.url, ssl: false }),
      connectOptions(),
      never,
    );
  });

  beforeEach(async () => {
    await admin.query('create or replace table open_to_all (a varchar(20))');
    await admin.query("insert into open_to_all values ('public')");
    await admin.query('create or replace table closed (a varchar(20), salary int)');
    await admin.query("insert into closed values ('canary', 1)");
    await admin.query('create or replace view shown as select a from open_to_all');
  });

  afterAll(async () => {
    await source?.close();
    await admin?.end();
    await other?.end();
    await database?.drop();
  });

  it.each(['open_to_all', 'shown'])('lets nobody change %s while the statement runs', async (name) => {
    const cursor = await source.query(
      request(
        { text: `select a from ${name}, seq_1_to_1000000 x, seq_1_to_1000000 y` },
        { expects: [await versionOf(name)] },
      ),
      never,
    );
    await cursor.read(10);
    const change = other.query('alter table open_to_all add column b int');
    await waitsForMetadata();
    expect(await cursor.read(10)).toHaveLength(10);
    await cursor[Symbol.asyncDispose]();
    await change;
  });

  it.each(['open_to_all', 'shown'])(
    'sees a change of %s that was waiting when the statement came',
    async (name) => {
      const expects = [await versionOf(name)];
      await admin.query('start transaction');
      await admin.query(`select * from ${name}`);
      const change = other.query(
        name === 'shown'
          ? 'create or replace view shown as select a from closed'
          : 'rename table open_to_all to elsewhere, closed to open_to_all',
      );
      await waitsForMetadata();
      const refused = failure(collect(source, request({ text: `select a from ${name}` }, { expects })));
      await admin.query('commit');
      await change;
      expect((await refused).code).toBe('query.schema_changed');
      await admin.query('drop table if exists elsewhere, closed');
    },
  );

  it('never reads a table that has taken the place of the one described', async () => {
    const expects = [await versionOf('open_to_all')];
    const swapping = new AbortController();
    const swaps = (async () => {
      while (!swapping.signal.aborted)
        await other.query('rename table open_to_all to swapped, closed to open_to_all, swapped to closed');
    })();
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 150; round += 1) {
      const outcome = await collect(source, request({ text: 'select a from open_to_all' }, { expects })).then(
        ({ rows }) => rows,
        (error: { code: string }) => error.code,
      );
      expect([[['public']], 'query.schema_changed']).toContainEqual(outcome);
      outcomes[typeof outcome === 'string' ? 'refused' : 'read'] += 1;
    }
    swapping.abort();
    await swaps;
    expect(outcomes.read).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  });

  it('says nothing of the text when a statement that was compiled has a syntax error', async () => {
    const text = "select a from open_to_all where a in ('key-canary' 'x' y)";
    const expects = [await versionOf('open_to_all')];
    const refused = await failure(collect(source, request({ text }, { expects })));
    expect(refused.code).toBe('query.syntax');
    expect(`${refused.message} ${JSON.stringify(refused.extra)}`).not.toContain('canary');
    expect((await failure(collect(source, request({ text })))).message).toContain('near');
    const unknown = await failure(
      collect(source, request({ text: 'select b from open_to_all' }, { expects })),
    );
    expect(unknown).toMatchObject({ code: 'query.unknown_object', message: expect.stringContaining("'b'") });
  });

  it('describes and locks what an account may read through a view only', async () => {
    const user = `v_${database.database.slice(-12)}`;
    await admin.query(`create user '${user}'@'%' identified by 'only-views'`);
    try {
      await admin.query(`grant select, show view on ${database.database}.shown to '${user}'@'%'`);
      await admin.query(`grant insert on ${database.database}.closed to '${user}'@'%'`);
      const driver = await driverFor('mariadb');
      const { host, port, database: name } = database;
      const own = await driver.connect(
        driver.parseConfig({
          host,
          port,
          database: name,
          username: user,
          password: 'only-views',
          ssl: false,
        }),
        connectOptions(),
        never,
      );
      const relations = ['shown', 'open_to_all', 'closed'].map((table) => ({ schema: name, name: table }));
      const found = await own.describe(relations, never);
      expect(found.map((relation) => relation?.kind ?? null)).toEqual(['view', null, 'table']);
      const expects = relations.map((relation, index) => ({
        ...relation,
        version: found[index]?.version ?? null,
      }));
      const { rows } = await collect(own, request({ text: 'select a from shown' }, { expects }));
      expect(rows).toEqual([['public']]);
      await own.close();
    } finally {
      await admin.query(`drop user '${user}'@'%'`);
    }
  });
});
