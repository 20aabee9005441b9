import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { WriteMarks } from '../../src/modules/query/write-marks';
import { createPrimary, type GroupServer } from '../servers/postgresql-replica';
import { removeWithProcess } from '../servers/remove-with-process';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

/** Longer than a busy machine takes between a pause of replaying and the read that is to come from the replica. */
const LIMIT_MS = 8000;

const PORT = "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'port'";

async function until<T>(look: () => Promise<T | null | false | undefined>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`never: ${look.toString()}`);
    await sleep(50);
  }
}

/** A primary and two streaming replicas, as PostgreSQL makes them. The tests follow one another: servers come and go. */
describe('a connection with replicas, on PostgreSQL', () => {
  let service: TestService;
  let other: TestService;
  let first: GroupServer;
  let second: GroupServer;
  let third: GroupServer;
  let id: string;
  let target: Record<string, unknown>;
  let user: TestUser;

  const ask = (query: string, auth?: string, through = service): Promise<Answer> =>
    through.api(
      'POST',
      '/api/database/query',
      { connectionId: id, query, cache: 'bypass' },
      auth ?? through.admin,
    );
  const rows = async (query: string, auth?: string, through = service): Promise<any[]> => {
    const { status, body, text } = await ask(query, auth, through);
    if (status !== 200) throw new Error(`${query}: ${text}`);
    return body.data;
  };
  /** Ports that answered so many reads of the administrator. */
  const answering = async (count: number): Promise<Set<number>> => {
    const ports = new Set<number>();
    for (let at = 0; at < count; at++) ports.add(Number((await rows(PORT))[0].setting));
    return ports;
  };
  const statusOf = async (through = service): Promise<any> =>
    (await through.api('GET', '/api/database/status')).body.items.find(
      (item: any) => item.connectionId === id,
    );
  const serverAt = async (port: number, through = service): Promise<any> =>
    (await statusOf(through)).servers.find((server: any) => server.port === port);
  const role = (server: GroupServer, wanted: string, through = service): Promise<any> =>
    until(async () => {
      await rows(PORT, undefined, through).catch(() => null);
      const seen = await serverAt(server.port, through);
      return seen?.state === 'up' && seen.role === wanted && (wanted !== 'replica' || !seen.leftOut) && seen;
    });
  const caughtUp = async (): Promise<void> => {
    await role(second, 'replica');
    await role(third, 'replica');
  };

  beforeAll(async () => {
    const root = mkdtempSync(join(tmpdir(), 'sluice-replicas-'));
    chmodSync(root, 0o711);
    removeWithProcess(root);
    first = await createPrimary(root);
    await first.start();
    await first.ask('CREATE TABLE notes (id int PRIMARY KEY, owner text, body text)');
    await first.ask("INSERT INTO notes VALUES (1, 'nobody', 'first')");
    // Watching takes no more than asking does.
    await first.ask("CREATE ROLE app LOGIN PASSWORD 'of-an-ordinary-account'");
    await first.ask('GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO app');
    second = await first.copy(join(root, 'second'));
    third = await first.copy(join(root, 'third'));
    [, , service] = await Promise.all([second.start(), third.start(), startTestService()]);
    other = await service.replica();
    const url = new URL(first.url);
    target = {
      type: 'postgresql',
      host: url.hostname,
      port: first.port,
      database: 'postgres',
      username: 'app',
      password: 'of-an-ordinary-account',
      replicas: [second, third].map(({ port }) => ({ host: url.hostname, port })),
      options: { maxReplicaLagMs: LIMIT_MS },
    };
    const created = await service.api('POST', '/api/database/connections', {
      name: 'group',
      ...target,
      readOnly: false,
      maxConnections: 4,
    });
    id = created.body.id;
    user = await service.user('user');
    await service.api('PUT', `/api/database/connections/${id}/permissions/${user.id}`, { canWrite: true });
  });
  afterEach(async () => {
    for (const server of [second, third])
      if (server.running) await server.ask('SELECT pg_wal_replay_resume()').catch(() => undefined);
  });
  afterAll(async () => {
    await service?.close();
    await Promise.all([first, second, third].map((server) => server?.stop()));
  });

  it('tries every server, and shows where they are', async () => {
    const tried = await service.api('POST', '/api/database/connections/test', target);
    expect(tried.body).toMatchObject({
      success: true,
      servers: [
        { port: first.port, role: 'primary' },
        { port: second.port, role: 'replica' },
        { port: third.port, role: 'replica' },
      ],
    });
    const { body } = await service.api('GET', `/api/database/connections/${id}`);
    expect(body.replicas).toEqual(target.replicas);
    const lost = { ...target, replicas: [{ host: '127.0.0.1', port: 1 }] };
    const failed = await service.api('POST', '/api/database/connections/test', lost);
    expect(failed.body).toMatchObject({
      success: false,
      error: { code: 'connection.refused' },
      servers: [{ role: 'primary' }, { role: null, error: { code: 'connection.refused' } }],
    });
    const denied = { ...target, replicas: [{ host: '169.254.169.254' }] };
    const kept = await service.api('POST', '/api/database/connections/test', denied);
    expect(kept.body.servers[1].error.code).toBe('connection.address_denied');
  });

  it('reads from the replicas, in turn, and writes to the primary', async () => {
    await caughtUp();
    expect(await answering(6)).toEqual(new Set([second.port, third.port]));
    const read = await ask('SELECT body FROM notes WHERE id = 1');
    expect(read.body).toMatchObject({ data: [{ body: 'first' }], metadata: { source: 'replica' } });
    const written = await ask("INSERT INTO notes VALUES (2, 'nobody', 'second')");
    expect(written.body).toMatchObject({ metadata: { source: 'primary', affectedRows: 1 } });
    expect(await first.ask('SELECT body FROM notes WHERE id = 2')).toEqual([{ body: 'second' }]);
  });

  it('says of every server what it is, to administrators only', async () => {
    const { servers } = await statusOf();
    expect(servers).toMatchObject([
      { port: first.port, role: 'primary', state: 'up', leftOut: null, lagMs: null },
      { port: second.port, role: 'replica', state: 'up', leftOut: null },
      { port: third.port, role: 'replica', state: 'up', leftOut: null },
    ]);
    const { body } = await service.api('GET', '/api/database/status', undefined, user.token);
    expect(body.items.map((item: any) => item.servers)).toEqual([[]]);
    const metrics = (await service.api('GET', '/metrics')).text;
    expect(metrics).toMatch(new RegExp(`source_server_primary\\{connection="${id}",server="0"\\} 1`));
    expect(metrics).toMatch(new RegExp(`source_server_up\\{connection="${id}",server="2"\\} 1`));
    expect(metrics).toMatch(new RegExp(`source_replica_lag_seconds\\{connection="${id}",server="1"\\} `));
  });

  it('checks on a replica what a policy rests on', async () => {
    const policies = { items: [{ schema: 'public', table: 'notes', rowFilter: 'owner = :username' }] };
    await service.api('PUT', `/api/database/connections/${id}/policies`, policies);
    await rows(`INSERT INTO notes VALUES (3, '${user.username}', 'mine')`);
    const seen = async (): Promise<Answer> => ask('SELECT * FROM notes', user.token);
    const there = await until(async () => {
      const answer = await seen();
      return answer.body.metadata?.source === 'replica' && answer.body.rowCount === 1 && answer;
    });
    expect(there.body.data).toEqual([{ id: 3, owner: user.username, body: 'mine' }]);
    // The catalog of the primary is ahead: whatever answers, it answers under the policy.
    await second.ask('SELECT pg_wal_replay_pause()');
    await third.ask('SELECT pg_wal_replay_pause()');
    await first.ask('ALTER TABLE notes ADD COLUMN extra text DEFAULT 7');
    for (let at = 0; at < 4; at++) {
      const { status, body } = await seen();
      expect([status, body.rowCount, body.data?.[0].owner]).toEqual([200, 1, user.username]);
    }
    await second.ask('SELECT pg_wal_replay_resume()');
    await third.ask('SELECT pg_wal_replay_resume()');
    await until(async () => (await seen()).body.data[0].extra === '7');
    await service.api('PUT', `/api/database/connections/${id}/policies`, { items: [] });
    await caughtUp();
  });

  it('shows every session what it has written, through every replica of the service', async () => {
    const stranger = await service.user('user');
    await service.api('PUT', `/api/database/connections/${id}/permissions/${stranger.id}`, {});
    await role(second, 'replica', other);
    await role(third, 'replica', other);
    await caughtUp();
    await second.ask('SELECT pg_wal_replay_pause()');
    await third.ask('SELECT pg_wal_replay_pause()');
    await rows("INSERT INTO notes (id, owner, body) VALUES (9, 'x', 'y')", user.token);
    const { body: others } = await ask('SELECT id FROM notes WHERE id = 9', stranger.token);
    expect(others).toMatchObject({ rowCount: 0, metadata: { source: 'replica' } });
    for (let at = 10; at < 20; at++) {
      await rows(`INSERT INTO notes (id, owner, body) VALUES (${at}, 'x', 'y')`, user.token);
      for (const through of [service, other]) {
        const { body } = await ask(`SELECT id FROM notes WHERE id = ${at}`, user.token, through);
        expect(body).toMatchObject({ data: [{ id: at }], metadata: { source: 'primary' } });
      }
    }
    await second.ask('SELECT pg_wal_replay_resume()');
    await third.ask('SELECT pg_wal_replay_resume()');
    for (const through of [service, other])
      await until(async () => {
        const answer = await ask('SELECT count(*) AS n FROM notes WHERE id >= 10', user.token, through);
        expect(answer.body.data).toEqual([{ n: '10' }]);
        return answer.body.metadata.source === 'replica';
      });
  });

  it('reads nothing older than its own writes under load, through every replica of the service', async () => {
    await caughtUp();
    await second.ask("ALTER SYSTEM SET recovery_min_apply_delay = '150ms'");
    await second.ask('SELECT pg_reload_conf()');
    const writers = await Promise.all([1, 2, 3, 4].map(() => service.user('user')));
    for (const writer of writers)
      await service.api('PUT', `/api/database/connections/${id}/permissions/${writer.id}`, {
        canWrite: true,
      });
    const sources: Record<string, number> = { primary: 0, replica: 0 };
    const older: unknown[] = [];
    await Promise.all(
      writers.map(async ({ token }, writer) => {
        const key = 100 + writer;
        await rows(`INSERT INTO notes (id, body) VALUES (${key}, '0')`, token);
        for (let count = 1; count <= 25; count++) {
          await rows(
            `UPDATE notes SET body = '${count}' WHERE id = ${key}`,
            token,
            count % 2 ? service : other,
          );
          for (let look = 0; look < 6; look++) {
            const through = (count + look) % 3 ? other : service;
            const { body } = await ask(`SELECT body FROM notes WHERE id = ${key}`, token, through);
            if (Number(body.data?.[0]?.body) !== count) older.push([key, count, body]);
            sources[body.metadata.source]! += 1;
            await sleep(40);
          }
          if (count % 8 === 0) await sleep(1200);
        }
      }),
    );
    expect(older).toEqual([]);
    expect(sources.primary).toBeGreaterThan(0);
    expect(sources.replica).toBeGreaterThan(0);
    await second.ask('ALTER SYSTEM RESET recovery_min_apply_delay');
    await second.ask('SELECT pg_reload_conf()');
  });

  it('reads from the primary after a write whose end nobody has told, until its mark expires', async () => {
    await caughtUp();
    const client = new Client({ connectionString: service.database.url });
    await client.connect();
    const source = async (): Promise<string> =>
      (await ask('SELECT id FROM notes WHERE id = 1', user.token)).body.metadata.source;
    await rows("UPDATE notes SET owner = 'nobody' WHERE id = 2", user.token);
    await until(async () => (await source()) === 'replica');
    // As a process leaves it that dies before it has told how far the primary is.
    await client.query('UPDATE write_marks SET position = NULL, settled_at = NULL');
    for (let at = 0; at < 3; at++) expect(await source()).toBe('primary');
    const expire = (): Promise<Answer> => service.api('POST', '/api/jobs/write_marks/run');
    await expire();
    expect(await source()).toBe('primary');
    await client.query("UPDATE write_marks SET created_at = created_at - interval '2 hours'");
    await client.query("UPDATE query_history SET finished_at = finished_at - interval '2 hours'");
    expect((await expire()).status).toBe(200);
    expect((await client.query('SELECT FROM write_marks')).rowCount).toBe(0);
    expect(await source()).toBe('replica');
    await client.end();
  });

  it('shows everybody what was written past the runs, where a change rests on it', async () => {
    await caughtUp();
    await second.ask('SELECT pg_wal_replay_pause()');
    await third.ask('SELECT pg_wal_replay_pause()');
    const count = (through: TestService): Promise<Answer> =>
      ask('SELECT count(*) AS n FROM notes WHERE id = 200', user.token, through);
    await first.ask('INSERT INTO notes (id) VALUES (200)');
    expect((await count(service)).body).toMatchObject({
      data: [{ n: '0' }],
      metadata: { source: 'replica' },
    });
    const { app } = service.service;
    const settle = await app
      .get(DataSource)
      .transaction((manager) => app.get(WriteMarks).markForAll(manager, id));
    settle();
    for (const through of [service, other])
      expect((await count(through)).body).toMatchObject({
        data: [{ n: '1' }],
        metadata: { source: 'primary' },
      });
    await second.ask('SELECT pg_wal_replay_resume()');
    await third.ask('SELECT pg_wal_replay_resume()');
    await until(async () => {
      const { body } = await count(other);
      expect(body.data).toEqual([{ n: '1' }]);
      return body.metadata.source === 'replica';
    });
  });

  it('keeps no result of a replica that may lack a write', async () => {
    const stranger = await service.user('user');
    await service.api('PUT', `/api/database/connections/${id}/permissions/${stranger.id}`, {});
    const cached = (auth: string): Promise<Answer> =>
      service.api(
        'POST',
        '/api/database/query',
        { connectionId: id, query: 'SELECT body FROM notes WHERE id = 1' },
        auth,
      );
    const onReplicas = async (sql: string): Promise<void> => {
      for (const server of [second, third]) await server.ask(sql);
    };
    let writes = 0;
    // A machine busy enough takes the replicas for late, or for gone: then once more.
    const before = await until(async () => {
      await onReplicas('SELECT pg_wal_replay_resume()');
      await caughtUp();
      await onReplicas('SELECT pg_wal_replay_pause()');
      await rows(`UPDATE notes SET body = 'changed ${++writes}' WHERE id = 1`, user.token);
      const answer = await cached(stranger.token);
      return answer.body.metadata.source === 'replica' && answer;
    });
    const changed = `changed ${writes}`;
    expect(before.body.data).not.toEqual([{ body: changed }]);
    const own = await cached(user.token);
    expect(own.body).toMatchObject({ cached: false, data: [{ body: changed }] });
    await second.ask('SELECT pg_wal_replay_resume()');
    await third.ask('SELECT pg_wal_replay_resume()');
    await until(async () => (await cached(stranger.token)).body.data[0].body === changed);
  });

  it('leaves out a replica that lags, and takes it back', async () => {
    await caughtUp();
    await second.ask('SELECT pg_wal_replay_pause()');
    await until(async () => {
      await first.ask("UPDATE notes SET body = body || '.' WHERE id = 1");
      await rows(PORT);
      return (await serverAt(second.port)).leftOut === 'lagging';
    });
    expect((await serverAt(second.port)).lagMs).toBeGreaterThan(LIMIT_MS);
    expect(await answering(4)).toEqual(new Set([third.port]));
    await second.ask('SELECT pg_wal_replay_resume()');
    await role(second, 'replica');
    await until(async () => (await answering(4)).has(second.port));
  });

  it('does not take a replica of an idle primary for late', async () => {
    await caughtUp();
    await sleep(LIMIT_MS + 1000);
    expect(await answering(4)).toEqual(new Set([second.port, third.port]));
  });

  it('answers while a replica is killed, and takes it back', async () => {
    await caughtUp();
    await second.stop();
    expect(await answering(6)).toEqual(new Set([third.port]));
    await until(async () => (await serverAt(second.port)).state === 'down');
    expect(await statusOf()).toMatchObject({ state: 'degraded' });
    await second.start();
    await role(second, 'replica');
    await until(async () => (await answering(4)).has(second.port));
    expect(await statusOf()).toMatchObject({ state: 'up', code: null });
  });

  it('reads without a primary, refuses writes, and follows a promotion without a restart', async () => {
    await caughtUp();
    await first.stop();
    const refused = await until(async () => {
      const answer = await ask('DELETE FROM notes WHERE id = 20', user.token);
      return answer.body.code === 'connection.no_primary' && answer;
    });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await rows('SELECT id FROM notes WHERE id = 1')).toEqual([{ id: 1 }]);
    await second.ask('SELECT pg_promote()');
    await until(async () => (await ask('INSERT INTO notes (id) VALUES (30)', user.token)).status === 200);
    expect(await second.ask('SELECT id FROM notes WHERE id = 30')).toEqual([{ id: 30 }]);
    const own = await ask('SELECT id FROM notes WHERE id = 30', user.token);
    expect(own.body).toMatchObject({ data: [{ id: 30 }] });
    third.follow(second);
    await third.stop();
    await third.start();
    await role(third, 'replica');
    await until(async () => (await answering(3)).has(third.port));
  });

  it('refuses to write while the old primary takes writes too, and reads from the new one', async () => {
    await role(second, 'primary', other);
    await first.start();
    for (const through of [service, other]) {
      const answer = await until(async () => {
        const tried = await ask("UPDATE notes SET owner = 'z' WHERE id = 99", undefined, through);
        return tried.status !== 200 && tried;
      });
      expect([answer.status, answer.body.code]).toEqual([503, 'connection.several_primaries']);
      await role(first, 'disputed', through);
    }
    expect(await first.ask('SELECT id FROM notes WHERE id = 30')).toEqual([]);
    for (let at = 0; at < 4; at++)
      expect(await rows('SELECT id FROM notes WHERE id = 30')).toEqual([{ id: 30 }]);
    // The right one goes away: the old one, alone, is still not taken for it.
    await second.stop();
    await until(async () => (await serverAt(second.port)).state === 'down');
    for (let at = 0; at < 4; at++)
      expect((await ask('DELETE FROM notes')).body.code).toBe('connection.several_primaries');
    await second.start();
    await first.stop();
    await until(async () => (await ask('INSERT INTO notes (id) VALUES (31)')).status === 200);
    expect(await second.ask('SELECT id FROM notes WHERE id = 31')).toEqual([{ id: 31 }]);
  });

  it('wants the password again when the servers change', async () => {
    const { host, port } = { host: '127.0.0.1', port: 1 };
    const path = `/api/database/connections/${id}`;
    const refused = await service.api('PATCH', path, { replicas: [{ host, port }] });
    expect([refused.status, refused.body.code]).toEqual([400, 'connection.invalid_config']);
    const twice = await service.api('PATCH', path, { replicas: [{ host, port: first.port }], password: 'x' });
    expect(twice.body.errors).toEqual([{ path: '/replicas/0', message: 'is named twice' }]);
  });

  it('leaves no session on any server of a connection that is deleted', async () => {
    const sessions = async (): Promise<number> => {
      const [{ n }] = await second.ask("SELECT count(*) AS n FROM pg_stat_activity WHERE usename = 'app'");
      return Number(n);
    };
    await until(async () => (await sessions()) > 0);
    expect((await service.api('DELETE', `/api/database/connections/${id}`)).status).toBe(204);
    await until(async () => (await sessions()) === 0);
    await sleep(1500);
    expect(await sessions()).toBe(0);
  });
});
