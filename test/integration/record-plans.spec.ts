import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { batchWrite } from '../../src/database/batch-statement';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import type { GroupCommit } from '../../src/database/group-commit';
import { runMigrations } from '../../src/database/run-migrations';
import { auditInsert } from '../../src/modules/audit/audit-insert';
import { historyFinish, historyInsert } from '../../src/modules/query/history-statements';
import type { ConnectionRecord } from '../../src/modules/connections/connection-record';
import type { Run } from '../../src/modules/query/run';
import { placeOf } from '../../src/modules/query/write-place';
import { askGeneration, writeAtBegin, writeAtEnd } from '../../src/modules/query/write-statements';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { auditOn } from './audit-on';

describe('the statements of the record', () => {
  let database: FreshDatabase;
  let source: DataSource;
  let commit: GroupCommit;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    // Building indexes scans tables, too: the session that did it reports its figures when it ends.
    const migrating = await new DataSource(systemDataSourceOptions(database.url, 2)).initialize();
    await runMigrations(migrating);
    await migrating.destroy();
    source = await new DataSource(systemDataSourceOptions(database.url, 4)).initialize();
    ({ commit } = auditOn(source));
  });
  afterAll(async () => {
    await commit.beforeApplicationShutdown();
    await source.destroy();
    await database.drop();
  });

  const run = async (userId: string): Promise<void> => {
    const id = randomUUID();
    const row = {
      id,
      userId,
      connectionId: null,
      connectionRevision: null,
      statement: 'select 1',
      statementKind: 'select',
      access: 'read' as const,
      status: 'pending' as const,
      errorCode: null,
      errorMessage: null,
      requestId: randomUUID(),
      instanceId: randomUUID(),
    };
    const event = {
      action: 'query.run',
      result: 'success' as const,
      actor: { userId, username: 'ada' },
      origin: null,
    };
    const connection = { id: randomUUID(), dialect: null, publicConfig: {} };
    const writing = { id, connection, facts: { access: 'write' }, limits: { timeoutMs: 1000 } };
    await commit.write(
      [
        batchWrite(historyInsert, row),
        batchWrite(auditInsert, event),
        ...writeAtBegin(writing as unknown as Run, row.instanceId),
      ],
      [],
      [askGeneration(placeOf(connection as unknown as ConnectionRecord))],
    );
    const outcome = { rowCount: 1, bytes: 1, truncated: false, cached: false, executionTimeMs: 1 };
    await commit.write([
      batchWrite(historyFinish, { id, status: 'success', errorCode: null, errorMessage: null, ...outcome }),
      writeAtEnd(id),
    ]);
  };

  it('never scan a table, although they are planned while the tables are small', async () => {
    const [user] = await source.query(
      `INSERT INTO users (username, email, password_hash) VALUES ('ada', 'ada@example.com', 'x') RETURNING id`,
    );
    const scans = async (): Promise<Record<string, number>> => {
      // Figures of other sessions arrive when those have nothing to do for a moment.
      await source.query('SELECT pg_sleep(1.2), pg_stat_force_next_flush()');
      const rows: { relname: string; seq_scan: string }[] = await source.query(
        `SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN
           ('query_history', 'users', 'database_connections', 'write_generations', 'writes_under_way')`,
      );
      return Object.fromEntries(rows.map(({ relname, seq_scan: count }) => [relname, Number(count)]));
    };
    // A table of one page, and statistics that say so: what makes a scan look cheap.
    for (let n = 0; n < 3; n++) await run(user.id);
    await source.query(
      'ANALYZE query_history, users, database_connections, write_generations, writes_under_way',
    );
    const before = await scans();
    for (let n = 0; n < 30; n++) await run(user.id);
    expect(await scans()).toEqual(before);
    const [finished] = await source.query(
      `SELECT count(*)::int AS n FROM query_history WHERE status = 'success'`,
    );
    expect(finished.n).toBe(33);
  });
});
