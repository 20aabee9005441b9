import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import {
  batchCheck,
  batchQuestion,
  batchWrite,
  type BatchQuestion,
  type BatchStatement,
} from '../../src/database/batch-statement';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { GroupCommit } from '../../src/database/group-commit';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

interface Entry {
  readonly id: string;
  readonly amount: number;
}

const left: BatchStatement<Entry> = {
  name: 'left_insert',
  sql: 'INSERT INTO left_side SELECT * FROM unnest($1::uuid[], $2::int[])',
  columns: [(row) => row.id, (row) => row.amount],
};
const right: BatchStatement<Entry> = {
  name: 'right_insert',
  sql: 'INSERT INTO right_side SELECT * FROM unnest($1::uuid[], $2::int[])',
  columns: [(row) => row.id, (row) => row.amount],
};
const alive: BatchStatement<string> = {
  name: 'alive',
  sql: 'SELECT key FROM alive_keys WHERE key = ANY($1::text[])',
  columns: [(key) => key],
};

describe('GroupCommit', () => {
  let database: FreshDatabase;
  let source: DataSource;
  let commit: GroupCommit;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    source = await new DataSource({
      ...systemDataSourceOptions(database.url, 4),
      migrations: [],
    }).initialize();
    await source.query(`
      CREATE TABLE left_side (id uuid PRIMARY KEY, amount int CHECK (amount > 0));
      CREATE TABLE right_side (id uuid PRIMARY KEY, amount int);
      CREATE TABLE alive_keys (key text PRIMARY KEY);
      INSERT INTO alive_keys VALUES ('yes')`);
    commit = new GroupCommit(source);
  });
  afterAll(async () => {
    await commit.beforeApplicationShutdown();
    await source.destroy();
    await database.drop();
  });

  const count = async (table: string): Promise<number> =>
    Number((await source.query(`SELECT count(*) FROM ${table}`))[0].count);

  it('has every write in the database when it says so, in far fewer commits than writes', async () => {
    const rows = Array.from({ length: 1000 }, () => ({ id: randomUUID(), amount: 1 }));
    await Promise.all(rows.map((row) => commit.write([batchWrite(left, row), batchWrite(right, row)])));
    expect(await count('left_side')).toBe(1000);
    expect(await count('right_side')).toBe(1000);
    const [row] = (await source.query('SELECT count(DISTINCT xmin::text) AS commits FROM left_side')) as {
      commits: string;
    }[];
    expect(Number(row!.commits)).toBeLessThan(10);
  });

  it('refuses a bad row alone, with both of its writes undone, and keeps its neighbours', async () => {
    const bad = { id: randomUUID(), amount: -1 };
    const good = { id: randomUUID(), amount: 2 };
    const outcomes = await Promise.allSettled(
      [good, bad, { id: randomUUID(), amount: 3 }].map((row) =>
        commit.write([batchWrite(right, row), batchWrite(left, row)]),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'audit.unavailable' });
    expect(await source.query('SELECT 1 FROM right_side WHERE id = $1', [bad.id])).toEqual([]);
    expect(await source.query('SELECT 1 FROM left_side WHERE id = $1', [good.id])).toHaveLength(1);
  });

  it('rejects whose check does not hold, and keeps the record of the attempt', async () => {
    const [one, two] = [
      { id: randomUUID(), amount: 1 },
      { id: randomUUID(), amount: 1 },
    ];
    const outcomes = await Promise.allSettled([
      commit.write([batchWrite(left, one)], [batchCheck(alive, 'yes', 'yes', 'auth.session_ended')]),
      commit.write([batchWrite(left, two)], [batchCheck(alive, 'no', 'no', 'auth.session_ended')]),
    ]);
    expect(outcomes[0].status).toBe('fulfilled');
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'auth.session_ended' });
    expect(await source.query('SELECT 1 FROM left_side WHERE id = $1', [two.id])).toHaveLength(1);
  });

  it('writes what nobody waits for with the next commit, soon by itself, and before it says settled', async () => {
    const commitsOf = async (ids: string[]): Promise<string[]> =>
      (await source.query('SELECT DISTINCT xmin::text AS xmin FROM left_side WHERE id = ANY($1)', [ids])).map(
        ({ xmin }: { xmin: string }) => xmin,
      );
    const ids = Array.from({ length: 4 }, () => randomUUID());
    const later = commit.writeLater([batchWrite(left, { id: ids[0]!, amount: 1 })]);
    await commit.write([batchWrite(left, { id: ids[1]!, amount: 1 })]);
    await later;
    expect(await commitsOf(ids.slice(0, 2))).toHaveLength(1);
    await commit.writeLater([batchWrite(left, { id: ids[2]!, amount: 1 })]);
    void commit.writeLater([batchWrite(left, { id: ids[3]!, amount: 1 })]);
    await commit.settled();
    expect(await source.query('SELECT 1 FROM left_side WHERE id = ANY($1)', [ids])).toHaveLength(4);
  });

  it('says settled although others keep writing', async () => {
    const stop = new AbortController();
    const busy = (async () => {
      while (!stop.signal.aborted) await commit.write([batchWrite(left, { id: randomUUID(), amount: 1 })]);
    })();
    await expect(commit.settled()).resolves.toBeUndefined();
    stop.abort();
    await busy;
  });

  it('answers questions as of the moment of the commit, which sees nothing of what is committed with it', async () => {
    const count = {
      name: 'left_count',
      sql: `SELECT asked.name || ' ' || (SELECT count(*) FROM left_side) || ' rows' AS key
        FROM (SELECT DISTINCT unnest($1::text[]) AS name) AS asked WHERE asked.name <> 'nobody'`,
      columns: [(name: string) => name],
    };
    const ask = (...names: string[]): BatchQuestion[] =>
      names.map((name) => batchQuestion(count, name, name));
    const [before] = await commit.write([], [], ask('a'));
    const row = batchWrite(left, { id: randomUUID(), amount: 1 });
    const together = await Promise.all([
      commit.write([row], [], ask('a', 'b')),
      commit.write([], [], ask('nobody', 'a')),
    ]);
    expect(together).toEqual([
      [before, before],
      [null, before],
    ]);
    const [after] = await commit.write([], [], ask('a'));
    expect(Number.parseInt(after!, 10)).toBe(Number.parseInt(before!, 10) + 1);
  });

  it('refuses more than it can hold while the database does not answer, and writes all it has taken', async () => {
    const before = await count('left_side');
    const holder = source.createQueryRunner();
    await holder.startTransaction();
    await holder.query('LOCK TABLE left_side IN ACCESS EXCLUSIVE MODE');
    const all = Array.from({ length: 11_000 }, () =>
      commit.write([batchWrite(left, { id: randomUUID(), amount: 1 })]).then(
        () => 'written',
        (error: { code: string }) => error.code,
      ),
    );
    await holder.commitTransaction();
    await holder.release();
    const results = await Promise.all(all);
    const written = results.filter((one) => one === 'written').length;
    expect(new Set(results)).toEqual(new Set(['written', 'audit.unavailable']));
    expect(written).toBeGreaterThanOrEqual(10_000);
    expect((await count('left_side')) - before).toBe(written);
  });

  it('asks once what many ask, and answers each', async () => {
    const check = (key: string): Promise<string> =>
      commit.write([], [batchCheck(alive, key, key, 'auth.session_ended')]).then(
        () => 'holds',
        (error: { code: string }) => error.code,
      );
    const answers = await Promise.all(['yes', 'no', 'yes', 'no', 'yes'].map(check));
    expect(answers).toEqual(['holds', 'auth.session_ended', 'holds', 'auth.session_ended', 'holds']);
  });

  it('works on after its session was killed', async () => {
    await source.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`,
    );
    const write = (): Promise<unknown> => commit.write([batchWrite(left, { id: randomUUID(), amount: 1 })]);
    const first = await Promise.allSettled([write()]);
    expect(['fulfilled', 'rejected']).toContain(first[0].status);
    await expect(write()).resolves.toEqual([]);
  });
});
