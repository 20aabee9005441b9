import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { revertMigration, runMigrations } from '../../src/database/run-migrations';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

/** Everything the migrations own: columns, constraints, indexes, views and functions by definition. */
const SHAPE = `
  SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(column_default, '') AS line
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'audit_logs_2%'
  UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
      AND conrelid::regclass::text NOT LIKE 'audit_logs_2%'
  UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'audit_logs_2%'
  UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  ORDER BY 1`;

describe('migrations', () => {
  let database: FreshDatabase;
  let sources: DataSource[];

  beforeEach(async () => {
    database = await freshPostgresDatabase();
    sources = await Promise.all(
      [1, 2].map(() => new DataSource(systemDataSourceOptions(database.url, 3)).initialize()),
    );
  });
  afterEach(async () => {
    await Promise.all(sources.map((source) => source.destroy()));
    await database.drop();
  });

  const shape = async (): Promise<string[]> =>
    (await sources[0]!.query(SHAPE)).map(({ line }: { line: string }) => line);

  it('go up, all the way down, and up again to the same schema', async () => {
    const empty = await shape();
    const applied = await runMigrations(sources[0]!);
    expect(applied.length).toBeGreaterThan(0);
    const first = await shape();
    expect(first.filter((line) => line.startsWith('column users.'))).toHaveLength(11);
    for (const _ of applied) await revertMigration(sources[0]!);
    const bare = (await shape()).filter((line) => !line.includes('schema_migrations'));
    expect(bare).toEqual(empty);
    await runMigrations(sources[0]!);
    expect(await shape()).toEqual(first);
  });

  it('run once when two replicas start at the same moment, and not again later', async () => {
    const both = await Promise.all(sources.map((source) => runMigrations(source)));
    expect(both.filter((names) => names.length === 0)).toHaveLength(1);
    expect(await runMigrations(sources[0]!)).toEqual([]);
  });

  it('create the audit partitions from this month to three months ahead, once', async () => {
    await runMigrations(sources[0]!);
    const partitions = (await sources[0]!.query(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass ORDER BY 1`,
    )) as { name: string }[];
    const month = new Date().toISOString().slice(0, 7).replace('-', '_');
    expect(partitions).toHaveLength(4);
    expect(partitions[0]!.name).toBe(`audit_logs_${month}`);
    expect(await sources[0]!.query('SELECT ensure_audit_partitions(now(), 3) AS name')).toEqual([]);
    expect(await sources[0]!.query('SELECT ensure_audit_partitions(now(), 5) AS name')).toHaveLength(2);
  });

  it('refuse what the tables must not hold', async () => {
    await runMigrations(sources[0]!);
    const refused = [
      `INSERT INTO users (username, email, password_hash) VALUES ('ab', 'a@b.cd', 'x')`,
      `INSERT INTO users (username, email, password_hash) VALUES ('abc', 'not an address', 'x')`,
      `INSERT INTO users (username, email, password_hash, role) VALUES ('abc', 'a@b.cd', 'x', 'root')`,
      `INSERT INTO system_settings (key, value) VALUES ('Bad-Key', '1')`,
      `INSERT INTO database_connections (name, db_type, connection_config) VALUES ('a', 'sqlite', '[]')`,
      `INSERT INTO query_history (row_count) VALUES (-1)`,
      `INSERT INTO query_history (status) VALUES ('done')`,
    ];
    for (const sql of refused) {
      await expect(sources[0]!.query(sql)).rejects.toMatchObject({ code: '23514' });
    }
  });
});
