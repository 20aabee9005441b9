import { DataSource } from 'typeorm';
import { Instance } from '../../src/database/instance';
import { Jobs } from '../../src/modules/jobs/jobs.service';
import { RootJob } from '../../src/modules/ledger/root.job';
import { startTestService, type TestService } from '../e2e/service';

describe('jobs', () => {
  let service: TestService;
  let replica: TestService;
  let database: DataSource;

  beforeAll(async () => {
    service = await startTestService();
    replica = await service.replica();
    database = service.service.app.get(DataSource);
  });
  afterAll(() => service?.close());

  const jobsOf = ({ service: { app } }: TestService): Jobs => app.get(Jobs);
  const run = (name: string) => service.api('POST', `/api/jobs/${name}/run`);

  it('run once per cluster, and again when they are due', async () => {
    const both = await Promise.all([jobsOf(service).runDue(), jobsOf(replica).runDue()]);
    const names = (await jobsOf(service).list()).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['sessions', 'saved_results', 'history', 'schema_cache', 'audit_partitions']),
    );
    expect(both.flat().toSorted()).toEqual(names.toSorted());
    expect(await jobsOf(replica).runDue()).toEqual([]);
    await database.query(
      `UPDATE job_runs SET started_at = started_at - interval '25 hours' WHERE job = 'history'`,
    );
    expect(await jobsOf(replica).runDue()).toEqual(['history']);
  });

  it('add up what ended processes counted, so that no generation comes twice', async () => {
    const nil = '00000000-0000-0000-0000-000000000000';
    const living = service.service.app.get(Instance).id;
    await database.query(
      `INSERT INTO write_generations (place, instance_id, generation, counted_at) SELECT p, i, g, now() - interval '2 days'
       FROM (VALUES ('a', $1::uuid, 5), ('a', $2, 7), ('a', gen_random_uuid(), 11), ('a', gen_random_uuid(), 13),
         ('b', gen_random_uuid(), 17)) AS v(p, i, g)`,
      [nil, living],
    );
    await database.query(
      `INSERT INTO writes_under_way SELECT gen_random_uuid(), 'a', now() + d * interval '1 day' FROM generate_series(-2, 2) d`,
    );
    expect((await run('write_generations')).body).toEqual({ report: { added: 2 } });
    const rows = await database.query(
      'SELECT place, instance_id, generation::int FROM write_generations ORDER BY place, generation',
    );
    expect(rows).toEqual([
      { place: 'a', instance_id: living, generation: 7 },
      { place: 'a', instance_id: nil, generation: 29 },
      { place: 'b', instance_id: nil, generation: 17 },
    ]);
    expect((await database.query('SELECT count(*)::int AS n FROM writes_under_way'))[0].n).toBe(3);
  });

  it('delete what is past its setting, and leave the rest', async () => {
    const insert = `INSERT INTO query_history (status, created_at) SELECT $1, now() - $2::interval FROM generate_series(1, $3)`;
    await database.query(insert, ['success', '91 days', 5003]);
    await database.query(insert, ['pending', '91 days', 1]);
    await database.query(insert, ['success', '89 days', 7]);
    const { status, body } = await run('history');
    expect([status, body]).toEqual([200, { report: { deleted: 5003 } }]);
    expect((await database.query('SELECT count(*)::int AS n FROM query_history'))[0].n).toBe(8);
    await database.query(`INSERT INTO user_sessions (user_id, session_token, created_at, expires_at)
      SELECT id, repeat('0', 64), now() - interval '5 days', now() - interval '2 days' FROM users LIMIT 1`);
    expect((await run('sessions')).body.report).toMatchObject({ sessions: 1 });
    const [connection] = await database.query(
      `INSERT INTO database_connections (name, db_type, connection_config) VALUES ('c', 'sqlite', '{}') RETURNING id`,
    );
    await database.query(
      `INSERT INTO cached_schema_tables (connection_id, schema_name, table_name, kind, cached_at)
       VALUES ($1, 's', 'old', 'table', now() - interval '31 days'), ($1, 's', 'new', 'table', now())`,
      [connection.id],
    );
    expect((await run('schema_cache')).body.report).toEqual({ columns: 0, tables: 1 });
  });

  it('drop months of the record that are old and signed, and only those', async () => {
    await database.query(`SELECT ensure_audit_partitions(now() - interval '10 months', 3)`);
    const months = async (): Promise<string[]> =>
      (
        await database.query(
          `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass ORDER BY 1`,
        )
      ).map(({ name }: { name: string }) => name);
    const [oldest, second, ...others] = await months();
    // A record of the second month, in a chain that no root covers.
    await database.query(
      `INSERT INTO audit_logs (id, action, result, created_at, version, chain_id, chain_seq, entry_hash)
       VALUES (gen_random_uuid(), 'old.unsigned', 'success', date_trunc('month', now()) - interval '9 months' + interval '3 days',
         1, gen_random_uuid(), 1, sha256('x'))`,
    );
    const { body } = await run('audit_partitions');
    expect(body.report).toMatchObject({ dropped: 1, records: 0 });
    expect(await months()).toEqual([second, ...others]);
    await expect(database.query('SELECT drop_audit_partition($1)', [second])).rejects.toMatchObject({
      code: '55000',
    });
    await expect(database.query('SELECT drop_audit_partition($1)', [others.at(-5)])).rejects.toMatchObject({
      code: '55000',
      message: expect.stringContaining('younger than 180 days'),
    });
    await expect(database.query(`SELECT drop_audit_partition('users')`)).rejects.toMatchObject({
      code: '42P01',
    });
    const { body: log } = await service.api('GET', '/api/audit?action=audit.partition_drop');
    expect(log.items.map(({ resourceId }: any) => resourceId)).toEqual([oldest]);
  });

  it('keep signed roots of months that are gone', async () => {
    await service.service.app.get(RootJob).run();
    const roots = async (): Promise<number> =>
      (await database.query('SELECT count(*)::int AS n FROM audit_roots'))[0].n;
    const before = await roots();
    expect(before).toBeGreaterThan(0);
    await run('audit_partitions');
    expect(await roots()).toBe(before);
  });

  it('are on record with who started them and what they did', async () => {
    const { headers } = await run('history');
    const { body } = await service.api('GET', '/api/audit?action=job.run&resourceId=history');
    expect(body.items[0]).toMatchObject({
      id: headers.get('x-audit-id'),
      actorName: 'admin',
      result: 'success',
      details: { deleted: 0 },
    });
    expect(body.items.at(-1)).toMatchObject({ actorName: 'system' });
  });

  it('that fail say so, and are tried again', async () => {
    jobsOf(service).register({
      name: 'broken',
      description: 'Fails',
      everySeconds: 3600,
      run: () => Promise.reject(new TypeError('no')),
    });
    expect((await run('broken')).status).toBe(500);
    const { body } = await service.api('GET', '/api/jobs');
    expect(body.items.find(({ name }: any) => name === 'broken')).toMatchObject({ error: 'TypeError' });
    const ready = async (): Promise<any> =>
      (await service.api('GET', '/api/health/ready', undefined, null)).body;
    expect(await ready()).toMatchObject({ status: 'ready', checks: { jobs: 'down' } });
    expect(await jobsOf(replica).runDue()).toEqual([]);
    await database.query(`UPDATE job_runs SET started_at = started_at - interval '11 minutes'`);
    jobsOf(service).register({
      name: 'broken',
      description: 'Mended',
      everySeconds: 3600,
      run: () => Promise.resolve({}),
    });
    expect(await jobsOf(service).runDue()).toContain('broken');
    expect(await ready()).toMatchObject({ checks: { jobs: 'up' } });
    expect((await run('unknown')).status).toBe(404);
  });

  it('whose process died in the middle are done soon, not a day later', async () => {
    await database.query(
      `UPDATE job_runs SET finished_at = NULL, started_at = now() - interval '11 minutes' WHERE job = 'history'`,
    );
    expect(await jobsOf(replica).runDue()).toEqual(['history']);
  });
});
