import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMariadbGroup, type GroupMariadb } from '../servers/mariadb-group';
import { removeWithProcess } from '../servers/remove-with-process';
import { describeEngine } from '../servers/servers';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

const PORT =
  "SELECT variable_value AS port FROM information_schema.global_variables WHERE variable_name = 'PORT'";

async function until<T>(look: () => Promise<T | null | false | undefined>): Promise<T> {
  const deadline = Date.now() + 50_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`never: ${look.toString()}`);
    await sleep(50);
  }
}

/** A primary and two replicas by GTIDs. The tests follow one another: servers come and go. */
describeEngine('mariadb', () => {
  let service: TestService;
  let first: GroupMariadb;
  let second: GroupMariadb;
  let third: GroupMariadb;
  let id: string;
  let user: TestUser;

  const ask = (query: string, auth = service.admin): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId: id, query, cache: 'bypass' }, auth);
  const rows = async (query: string, auth?: string): Promise<any[]> => {
    const { status, body, text } = await ask(query, auth);
    if (status !== 200) throw new Error(`${query}: ${text}`);
    return body.data;
  };
  const answering = async (count: number): Promise<Set<number>> => {
    const ports = new Set<number>();
    for (let at = 0; at < count; at++) ports.add(Number((await rows(PORT))[0].port));
    return ports;
  };
  const servers = async (): Promise<any[]> =>
    (await service.api('GET', '/api/database/status')).body.items[0].servers;
  const replica = ({ port }: GroupMariadb): Promise<any> =>
    until(async () => {
      await rows(PORT);
      const seen = (await servers()).find((server) => server.port === port);
      return seen?.state === 'up' && seen.role === 'replica' && !seen.leftOut;
    });

  beforeAll(async () => {
    const root = mkdtempSync(join(tmpdir(), 'sluice-group-'));
    chmodSync(root, 0o711);
    removeWithProcess(root);
    const [one, two, three] = await createMariadbGroup(root, 3);
    [first, second, third] = [one!, two!, three!];
    [service] = await Promise.all([startTestService(), first.start(), second.start(), third.start()]);
    await second.follow(first);
    await third.follow(first);
    await first.ask('CREATE DATABASE shop');
    await first.ask('CREATE TABLE shop.notes (id int PRIMARY KEY, owner varchar(100), body text)');
    await first.ask("INSERT INTO shop.notes VALUES (1, 'nobody', 'first')");
    await until(async () => (await third.ask('SHOW DATABASES')).some((row) => row.Database === 'shop'));
    await until(async () => (await second.ask('SHOW DATABASES')).some((row) => row.Database === 'shop'));
    const { body } = await service.api('POST', '/api/database/connections', {
      name: 'group',
      type: 'mariadb',
      host: '127.0.0.1',
      port: first.port,
      database: 'shop',
      username: 'app',
      password: first.password,
      replicas: [second, third].map(({ port }) => ({ host: '127.0.0.1', port })),
      options: { maxReplicaLagMs: 6000 },
      readOnly: false,
      maxConnections: 4,
    });
    id = body.id;
    user = await service.user('user');
    await service.api('PUT', `/api/database/connections/${id}/permissions/${user.id}`, { canWrite: true });
  });
  afterAll(async () => {
    await service?.close();
    await Promise.all([first, second, third].map((server) => server?.stop()));
  });

  it('reads from the replicas, in turn, and writes to the primary', async () => {
    await replica(second);
    await replica(third);
    expect(await answering(6)).toEqual(new Set([second.port, third.port]));
    const written = await ask("INSERT INTO notes VALUES (2, 'nobody', 'second')");
    expect(written.body).toMatchObject({ metadata: { source: 'primary', affectedRows: 1 } });
    expect(await first.ask('SELECT body FROM shop.notes WHERE id = 2')).toEqual([{ body: 'second' }]);
    const tested = await service.api('POST', `/api/database/connections/${id}/test`);
    expect(tested.body).toMatchObject({
      success: true,
      servers: [{ role: 'primary' }, { role: 'replica' }, { role: 'replica' }],
    });
  });

  it('holds a policy on replicas, whose tables were made at another time', async () => {
    const policies = { items: [{ schema: 'shop', table: 'notes', rowFilter: 'owner = :username' }] };
    expect((await service.api('PUT', `/api/database/connections/${id}/policies`, policies)).status).toBe(200);
    await rows(`INSERT INTO notes VALUES (3, '${user.username}', 'mine')`);
    const seen = await until(async () => {
      const answer = await ask('SELECT * FROM notes', user.token);
      return answer.body.metadata?.source === 'replica' && answer.body.rowCount === 1 && answer;
    });
    expect(seen.body.data).toEqual([{ id: 3, owner: user.username, body: 'mine' }]);
    for (const server of [second, third]) await server.ask('STOP SLAVE SQL_THREAD');
    await first.ask("ALTER TABLE shop.notes ADD COLUMN extra varchar(10) DEFAULT '7'");
    for (let at = 0; at < 4; at++) {
      const { status, body } = await ask('SELECT * FROM notes', user.token);
      expect([status, body.rowCount, body.data?.[0].owner]).toEqual([200, 1, user.username]);
    }
    for (const server of [second, third]) await server.ask('START SLAVE SQL_THREAD');
    await until(async () => {
      const { body } = await ask('SELECT * FROM notes', user.token);
      return body.data[0].extra === '7' && body.metadata.source === 'replica';
    });
    await service.api('PUT', `/api/database/connections/${id}/policies`, { items: [] });
  });

  it('shows a session what it has written while replicas are late', async () => {
    await replica(second);
    await replica(third);
    for (const server of [second, third]) await server.ask('STOP SLAVE SQL_THREAD');
    for (let at = 10; at < 15; at++) {
      await rows(`INSERT INTO notes (id) VALUES (${at})`, user.token);
      const { body } = await ask(`SELECT id FROM notes WHERE id = ${at}`, user.token);
      expect(body).toMatchObject({ data: [{ id: at }], metadata: { source: 'primary' } });
    }
    for (const server of [second, third]) await server.ask('START SLAVE SQL_THREAD');
    await until(async () => {
      const { body } = await ask('SELECT count(*) AS n FROM notes WHERE id >= 10', user.token);
      expect(Number(body.data[0].n)).toBe(5);
      return body.metadata.source === 'replica';
    });
  });

  it('leaves out a replica that lags', async () => {
    await replica(second);
    await replica(third);
    await second.ask('STOP SLAVE SQL_THREAD');
    await until(async () => {
      await first.ask("UPDATE shop.notes SET body = concat(body, '.') WHERE id = 1");
      await rows(PORT);
      return (await servers()).find(({ port }) => port === second.port).leftOut === 'lagging';
    });
    expect(await answering(4)).toEqual(new Set([third.port]));
    await second.ask('START SLAVE SQL_THREAD');
    await replica(second);
  });

  it('follows a promotion, and refuses two that take writes', async () => {
    await first.stop();
    await until(
      async () =>
        (await ask('DELETE FROM notes WHERE id = 99', user.token)).body.code === 'connection.no_primary',
    );
    expect(await rows('SELECT id FROM notes WHERE id = 1')).toEqual([{ id: 1 }]);
    await second.ask('STOP SLAVE');
    await second.ask('RESET SLAVE ALL');
    await second.ask('SET GLOBAL read_only = 0');
    await until(async () => (await ask('INSERT INTO notes (id) VALUES (30)', user.token)).status === 200);
    expect(await second.ask('SELECT id FROM shop.notes WHERE id = 30')).toEqual([{ id: 30 }]);
    expect(await rows('SELECT id FROM notes WHERE id = 30', user.token)).toEqual([{ id: 30 }]);
    await third.ask('STOP SLAVE');
    await third.follow(second);
    await replica(third);
    await until(async () => (await answering(3)).has(third.port));
    await first.start();
    const refused = await until(async () => {
      const answer = await ask('UPDATE notes SET body = 1 WHERE id = 98');
      return answer.status !== 200 && answer;
    });
    expect(refused.body.code).toBe('connection.several_primaries');
    expect(await rows('SELECT id FROM notes WHERE id = 30')).toEqual([{ id: 30 }]);
    // The old primary follows the new one: the dispute is over, and it is one more replica.
    await first.ask('SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos');
    await first.follow(second);
    await until(async () => (await ask('INSERT INTO notes (id) VALUES (31)')).status === 200);
    await replica(first);
    expect(await second.ask('SELECT id FROM shop.notes WHERE id = 31')).toEqual([{ id: 31 }]);
  });
});
