import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { runMigrations } from '../../src/database/run-migrations';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

const order = 'ORDER BY created_at DESC, id DESC LIMIT 51';
const before = `(created_at, id) < (now(), '00000000-0000-4000-8000-000000000000')`;

describe('pages of the history', () => {
  let database: FreshDatabase;
  let source: DataSource;
  let user: string;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    source = await new DataSource(systemDataSourceOptions(database.url, 2)).initialize();
    await runMigrations(source);
    const made: { id: string }[] = await source.query(
      `INSERT INTO users (username, email, password_hash)
       SELECT 'user' || n, n || '@example.com', 'x' FROM generate_series(1, 4) AS n RETURNING id`,
    );
    user = made[0]!.id;
    await source.query(
      `INSERT INTO query_history (user_id, generated_sql, status, created_at)
       SELECT ($1::uuid[])[1 + n % 4], 'select 1', 'success', now() - n * interval '1 second'
       FROM generate_series(1, 20000) AS n`,
      [made.map(({ id }) => id)],
    );
    await source.query('ANALYZE query_history');
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  it.each([
    ['of everybody', 'query_history_created_at_idx', () => before],
    ['of one user', 'query_history_user_idx', () => `user_id = '${user}' AND ${before}`],
  ])('are read %s from the end of an index, without sorting', async (_, index, condition) => {
    const rows: { 'QUERY PLAN': string }[] = await source.query(
      `EXPLAIN SELECT * FROM query_history WHERE ${condition()} ${order}`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain(`Index Scan Backward using ${index}`);
    expect(plan).not.toContain('Sort');
  });
});
