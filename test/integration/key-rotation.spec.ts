import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import type { Sealed } from '../../src/common/seal';
import type { EncryptionKey } from '../../src/config/encryption-keys';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { bySystem } from '../../src/modules/audit/audit-event';
import { ConnectionsService } from '../../src/modules/connections/connections.service';
import { KeyRotationJob, type RotationReport } from '../../src/modules/sealing/key-rotation.job';
import { Vault } from '../../src/modules/sealing/vault';
import { postgresqlEngine, type SqlEngine } from '../e2e/engines';
import { auditOn } from './audit-on';
import { startTestService, type TestService } from '../e2e/service';

const CONNECTIONS = 120;
const RESULTS = 60;
/** With the key of one set of policies, and one background run. */
const SEALED = CONNECTIONS + RESULTS + 2;
const KILLS = 6;
const CHILD = join(__dirname, 'rotate-keys.child.ts');
const [OLD, NEW, LOST] = ['old', 'new', 'lost'].map((id): EncryptionKey => ({
  id,
  key: randomBytes(32),
})) as [EncryptionKey, EncryptionKey, EncryptionKey];

interface Row {
  readonly id: string;
  readonly sealed: Sealed;
}

describe('key rotation', () => {
  let service: TestService;
  let engine: SqlEngine;
  let database: DataSource;
  let vault: Vault;
  let connectionIds: string[];
  let queryId: string;
  /** What every sealed row holds, `table:id` → text. */
  let truth: Map<string, string>;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    [service, engine] = await Promise.all([
      startTestService({ encryptionKeys: [OLD, NEW] }),
      postgresqlEngine(),
    ]);
    database = service.service.app.get(DataSource);
    vault = service.service.app.get(Vault);
    const connections = service.service.app.get(ConnectionsService);
    const body = { ...engine.target, type: 'postgresql' as const };
    const made = await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, n) => connections.create(bySystem, { ...body, name: `c${n}` })),
    );
    connectionIds = made.map(({ id }) => id);
    const saved = await service.api('POST', '/api/database/saved-queries', {
      name: 'people',
      connectionId: connectionIds[0],
      statement: 'SELECT name FROM people ORDER BY id',
    });
    queryId = saved.body.id;
    await service.api('POST', `/api/database/saved-queries/${queryId}/results`);
    await service.api('POST', '/api/database/query/jobs', {
      connectionId: connectionIds[0],
      query: 'SELECT name FROM people',
    });
    await service.api('PUT', `/api/database/connections/${connectionIds[0]}/policies`, { items: [] });
    for (let n = 1; n < RESULTS; n++) await insertResult(`{"n":${n}}`, vault);
    truth = await contents();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await service?.close();
    await engine?.drop();
  });

  async function insertResult(text: string, by: Vault): Promise<string> {
    const id = randomUUID();
    const sealed = by.seal({ table: 'saved_results', column: 'result' }, id, text);
    await database.query(
      `INSERT INTO saved_results (id, saved_query_id, connection_id, query_history_id, row_count, relations, search_path, result, expires_at)
       SELECT $1, saved_query_id, connection_id, query_history_id, 0, relations, search_path, $2, expires_at FROM saved_results
       WHERE saved_query_id = $3 LIMIT 1`,
      [id, sealed, queryId],
    );
    return id;
  }

  async function rows(table: string, column: string): Promise<Row[]> {
    return database.query(`SELECT id, ${column} AS sealed FROM ${table} ORDER BY id`);
  }

  /** Opens every sealed row with the keys of `by`; throws for one that does not open. */
  async function contents(by: Vault = vault): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const place of vault.columns) {
      for (const { id, sealed } of await rows(place.table, place.column)) {
        found.set(`${place.table}:${id}`, by.open(place, id, sealed));
      }
    }
    return found;
  }

  async function keyIds(): Promise<string[]> {
    const all = await Promise.all(vault.columns.map(({ table, column }) => rows(table, column)));
    return [...new Set(all.flat().map(({ sealed }) => sealed.keyId))].toSorted();
  }

  function vaultOf(...encryptionKeys: EncryptionKey[]): Vault {
    const other = new Vault({ encryptionKeys });
    for (const place of vault.columns) other.register(place);
    return other;
  }

  /** Another replica's job: sessions of its own, so that they can be killed apart from the service's. */
  async function withJob<T>(keys: EncryptionKey[], work: (job: KeyRotationJob) => Promise<T>): Promise<T> {
    const options = systemDataSourceOptions(service.database.url, 4);
    const own = await new DataSource({
      ...options,
      applicationName: 'rotation',
    } as typeof options).initialize();
    const { commit, audit } = auditOn(own);
    try {
      return await work(new KeyRotationJob(own, vaultOf(...keys), audit));
    } finally {
      await commit.beforeApplicationShutdown();
      await own.destroy();
    }
  }

  const rotate = (...keys: EncryptionKey[]): Promise<RotationReport> => withJob(keys, (job) => job.rotate());

  function startChild(...keys: EncryptionKey[]): { child: ChildProcess; exit: Promise<unknown[]> } {
    const child = spawn(
      process.execPath,
      [
        ...['--require', 'tsx/cjs', CHILD, service.database.url],
        keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(','),
        ...vault.columns.map(({ table, column }) => `${table}.${column}`),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    children.push(child);
    return { child, exit: once(child, 'exit') };
  }

  it('goes over every column that holds sealed values', async () => {
    const columns: { table_name: string; column_name: string }[] = await database.query(
      `SELECT table_name, column_name FROM information_schema.columns
       WHERE table_schema = 'public' AND data_type = 'jsonb' AND table_name NOT LIKE 'audit_logs_2%'`,
    );
    const sealed: string[] = [];
    for (const { table_name: table, column_name: column } of columns) {
      const [{ found }] = await database.query(
        `SELECT EXISTS (SELECT FROM ${table} WHERE ${column} ? 'ciphertext') AS found`,
      );
      if (found) sealed.push(`${table}.${column}`);
    }
    expect(vault.columns.map(({ table, column }) => `${table}.${column}`).toSorted()).toEqual(
      sealed.toSorted(),
    );
  });

  it('changes the keys and nothing that anybody sees', async () => {
    const list = (): Promise<string> =>
      service.api('GET', '/api/database/connections?limit=500').then(({ body }) => JSON.stringify(body));
    expect(truth.size).toBe(SEALED);
    const before = await list();
    const report = await rotate(NEW, OLD);
    expect(report).toEqual({ resealed: SEALED, failed: [] });
    expect(await keyIds()).toEqual(['new']);
    expect(await contents()).toEqual(truth);
    const replica = await service.replica({ encryptionKeys: [NEW, OLD] });
    const again = await replica.api('GET', '/api/database/connections?limit=500');
    expect(JSON.stringify(again.body)).toBe(before);
    expect(await rotate(NEW, OLD)).toEqual({ resealed: 0, failed: [] });
    const { body } = await service.api('GET', '/api/audit?action=sealing.rotate&limit=1');
    expect(body.items[0]).toMatchObject({
      actorName: 'system',
      resourceId: 'new',
      result: 'success',
      details: { resealed: SEALED, failed: 0 },
    });
  });

  it('leaves every row whole when its process is killed, and the service answers throughout', async () => {
    const stop = new AbortController();
    const statuses: number[] = [];
    const asking = (async () => {
      for (let n = 0; !stop.signal.aborted; n = (n + 1) % CONNECTIONS) {
        const query = { connectionId: connectionIds[n], query: 'SELECT 1 AS one', cache: 'bypass' };
        statuses.push((await service.api('POST', '/api/database/query', query)).status);
      }
    })();
    let cutShort = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // There and back again, so that each run has everything to do.
      const keys = kill % 2 === 0 ? [OLD, NEW] : [NEW, OLD];
      const { child, exit } = startChild(...keys);
      await once(child.stdout!, 'data');
      await sleep(randomInt(5, 150));
      child.kill('SIGKILL');
      const [, signal] = await exit;
      if (signal === 'SIGKILL') cutShort++;
      expect(await contents()).toEqual(truth);
    }
    expect(cutShort).toBeGreaterThan(0);
    const [code] = await startChild(NEW, OLD).exit;
    expect(code).toBe(0);
    expect(await keyIds()).toEqual(['new']);
    expect(await contents()).toEqual(truth);
    stop.abort();
    await asking;
    expect(statuses.length).toBeGreaterThan(KILLS);
    expect([...new Set(statuses)]).toEqual([200]);
  }, 120_000);

  it('leaves every row whole when the database ends its session', async () => {
    let failed = 0;
    for (let kill = 0; kill < 10; kill++) {
      const keys = kill % 2 === 0 ? [OLD, NEW] : [NEW, OLD];
      await withJob(keys, async (job) => {
        const running = job.rotate().then(
          () => false,
          () => true,
        );
        await sleep(randomInt(1, 60));
        await database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'rotation'`,
        );
        if (await running) failed++;
      });
      expect(await contents()).toEqual(truth);
    }
    expect(failed).toBeGreaterThan(0);
    expect((await rotate(NEW, OLD)).failed).toEqual([]);
    expect(await keyIds()).toEqual(['new']);
  }, 120_000);

  it('does not overwrite a change that is committed between its look and its write', async () => {
    const [id] = connectionIds as [string];
    const config = vault.columns.find(({ table }) => table === 'database_connections')!;
    const original = JSON.parse(truth.get(`database_connections:${id}`)!);
    const changed = vault.seal(config, id, JSON.stringify({ ...original, password: 'changed meanwhile' }));
    const other = database.createQueryRunner();
    await other.startTransaction();
    try {
      await other.query('UPDATE database_connections SET connection_config = $1 WHERE id = $2', [
        changed,
        id,
      ]);
      const rotating = rotate(OLD, NEW);
      // The job has read the row as it was and now waits for our lock.
      for (let waits = false; !waits; await sleep(5)) {
        const [{ count }] = await database.query(
          `SELECT count(*)::int FROM pg_stat_activity
           WHERE application_name = 'rotation' AND datname = current_database() AND wait_event_type = 'Lock'`,
        );
        waits = count > 0;
      }
      await other.commitTransaction();
      expect((await rotating).resealed).toBe(SEALED - 1);
    } finally {
      await other.release();
    }
    const [row] = await database.query('SELECT connection_config FROM database_connections WHERE id = $1', [
      id,
    ]);
    expect(row.connection_config).toEqual(changed);
    await service.api('PATCH', `/api/database/connections/${id}`, { password: original.password });
    expect((await rotate(NEW, OLD)).failed).toEqual([]);
    expect(await contents()).toEqual(truth);
  });

  it('does not lose one of many changes made while it runs', async () => {
    const stop = new AbortController();
    const rotating = withJob([OLD, NEW], (there) =>
      withJob([NEW, OLD], async (back) => {
        while (!stop.signal.aborted) for (const job of [there, back]) await job.rotate();
      }),
    );
    const changed = connectionIds.slice(0, 10);
    const last = new Map<string, string>();
    await Promise.all(
      changed.map(async (id) => {
        for (let n = 0; n < 8; n++) {
          const name = `database-${n}`;
          const { status } = await service.api('PATCH', `/api/database/connections/${id}`, {
            database: name,
          });
          expect(status).toBe(200);
          last.set(id, name);
          const [row]: Row[] = await database.query(
            'SELECT id, connection_config AS sealed FROM database_connections WHERE id = $1',
            [id],
          );
          const place = { table: 'database_connections', column: 'connection_config' };
          expect(JSON.parse(vault.open(place, id, row!.sealed)).database).toBe(name);
        }
      }),
    );
    stop.abort();
    await rotating;
    const found = await contents();
    for (const [id, name] of last) {
      expect(JSON.parse(found.get(`database_connections:${id}`)!).database).toBe(name);
      const { database: original } = JSON.parse(truth.get(`database_connections:${id}`)!);
      await service.api('PATCH', `/api/database/connections/${id}`, { database: original });
    }
    expect(await contents()).toEqual(truth);
  }, 60_000);

  it('reports what no loaded key opens, and leaves it as it is', async () => {
    const lost = await insertResult('{"lost":true}', vaultOf(LOST));
    const damaged = await insertResult('{"damaged":true}', vault);
    await database.query(
      `UPDATE saved_results SET result = result || '{"tag":"AAAAAAAAAAAAAAAAAAAAAA=="}' WHERE id = $1`,
      [damaged],
    );
    const read = (): Promise<unknown[]> =>
      database.query('SELECT id, result FROM saved_results WHERE id = ANY($1::uuid[]) ORDER BY id', [
        [lost, damaged],
      ]);
    const before = await read();
    await rotate(NEW, OLD);
    const report = await rotate(NEW, OLD);
    expect(report.resealed).toBe(0);
    expect([...report.failed].toSorted()).toEqual(
      [`saved_results:${lost}`, `saved_results:${damaged}`].toSorted(),
    );
    expect(await read()).toEqual(before);
    const { body } = await service.api('GET', '/api/audit?action=sealing.rotate&limit=1');
    expect(body.items[0]).toMatchObject({ result: 'partial', details: { resealed: 0, failed: 2 } });
    await database.query('DELETE FROM saved_results WHERE id = ANY($1::uuid[])', [[lost, damaged]]);
  });

  it('is done by whoever starts with another first key, and then the old key is not needed', async () => {
    expect((await rotate(OLD, NEW)).failed).toEqual([]);
    const renewing = await service.replica({ encryptionKeys: [NEW, OLD] });
    for (let n = 0; n < 500 && (await keyIds()).join() !== 'new'; n++) await sleep(20);
    expect(await keyIds()).toEqual(['new']);
    await renewing.close();
    expect(await contents(vaultOf(NEW))).toEqual(truth);
    const without = await service.replica({ encryptionKeys: [NEW] });
    const query = { connectionId: connectionIds[5], query: 'SELECT name FROM people WHERE id = 1' };
    expect((await without.api('POST', '/api/database/query', query)).body.data).toEqual([{ name: 'Ada' }]);
    const results = await without.api('GET', `/api/database/saved-queries/${queryId}/results?limit=500`);
    const first = results.body.items.find(({ rowCount }: { rowCount: number }) => rowCount === 3);
    const kept = await without.api('GET', `/api/database/saved-results/${first.id}`);
    expect(kept.body.data).toEqual([{ name: 'Ada' }, { name: 'Grace' }, { name: 'Edsger' }]);
  });
});
