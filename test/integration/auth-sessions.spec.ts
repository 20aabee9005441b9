import { DataSource } from 'typeorm';
import { SessionCleanupJob } from '../../src/modules/auth/session-cleanup.job';
import { startService } from '../../src/start-service';
import { startTestService, type TestService, type TestUser } from '../e2e/service';
import { testConfig } from '../e2e/test-config';
import { freshPostgresDatabase } from '../servers/servers';

describe('sessions', () => {
  let service: TestService;
  let database: DataSource;
  beforeAll(async () => {
    service = await startTestService();
    database = service.service.app.get(DataSource);
  });
  afterAll(() => service?.close());

  const codes = async (user: TestUser): Promise<(string | number)[]> => [
    (await service.api('GET', '/api/auth/me', undefined, user.token)).body.code ?? 200,
    (await service.api('POST', '/api/auth/refresh', { refreshToken: user.refreshToken }, null)).body.code ??
      200,
  ];
  const age = (user: TestUser, set: string) =>
    database.query(`UPDATE user_sessions SET ${set} WHERE user_id = $1`, [user.id]);

  it('last as long as the setting says', async () => {
    await service.api('PATCH', '/api/settings/session_timeout_hours', { value: 3 });
    const user = await service.user('user');
    const [{ hours }] = await database.query(
      `SELECT extract(epoch FROM expires_at - created_at)::int / 3600 AS hours FROM user_sessions WHERE user_id = $1`,
      [user.id],
    );
    expect(hours).toBe(3);
    await age(user, `created_at = now() - interval '4 h', expires_at = now() - interval '1 ms'`);
    expect(await codes(user)).toEqual(['auth.session_ended', 'auth.session_ended']);
  });

  it('end when nobody used them for as long as the setting says', async () => {
    await service.api('PATCH', '/api/settings/session_idle_minutes', { value: 10 });
    const [idle, used] = [await service.user('user'), await service.user('user')];
    await age(idle, `last_activity_at = now() - interval '10 min'`);
    await age(used, `last_activity_at = now() - interval '9 min'`);
    expect(await codes(idle)).toEqual(['auth.session_ended', 'auth.session_ended']);
    expect(await codes(used)).toEqual([200, 200]);
  });

  it('write down their use, and that of keys, soon but not while a request waits', async () => {
    const user = await service.user('user');
    const { id, key } = (await service.api('POST', '/api/auth/api-keys', { name: 'k' }, user.token)).body;
    await age(user, `last_activity_at = now() - interval '5 min'`);
    const fresh = await service.login(user.username, user.password);
    await service.api('GET', '/api/auth/me', undefined, { apiKey: key });
    await service.api('GET', '/api/auth/me', undefined, fresh.body.accessToken);
    const used = async (): Promise<boolean> => {
      const [row] = await database.query('SELECT last_used_at FROM api_keys WHERE id = $1', [id]);
      return row.last_used_at !== null;
    };
    for (let n = 0; n < 100 && !(await used()); n += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await used()).toBe(true);
  });

  it('are removed a day after they ended', async () => {
    const [old, recent] = [await service.user('user'), await service.user('user')];
    await age(old, `ended_at = now() - interval '25 h'`);
    await age(recent, `ended_at = now() - interval '23 h'`);
    await database.query(`INSERT INTO rate_limits VALUES ('over', 1, 1), ('running', 1, 9999999999999)`);
    await service.service.app.get(SessionCleanupJob).clean();
    const left = await database.query('SELECT user_id FROM user_sessions WHERE user_id = ANY($1)', [
      [old.id, recent.id],
    ]);
    expect(left).toEqual([{ user_id: recent.id }]);
    const counters = await database.query(`SELECT key FROM rate_limits WHERE key IN ('over', 'running')`);
    expect(counters).toEqual([{ key: 'running' }]);
  });

  it('hold no token, password or key in the clear', async () => {
    const user = await service.user('user');
    const { key } = (await service.api('POST', '/api/auth/api-keys', { name: 'k' }, user.token)).body;
    const rows = JSON.stringify([
      await database.query('SELECT * FROM users'),
      await database.query('SELECT * FROM user_sessions'),
      await database.query('SELECT * FROM api_keys'),
      await database.query('SELECT * FROM audit_logs'),
      await database.query('SELECT * FROM rate_limits'),
    ]);
    for (const secret of [
      user.password,
      user.token,
      user.refreshToken,
      user.refreshToken.split('.')[1]!,
      key,
    ]) {
      expect(rows).not.toContain(secret);
    }
    expect(rows).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
  });
});

describe('the first administrator', () => {
  it('is created once by replicas that start at once, with a password that is in no log', async () => {
    const database = await freshPostgresDatabase();
    const lines: string[] = [];
    const log = { stream: { write: (line: string) => void lines.push(line) }, readable: false };
    const start = () =>
      startService(
        testConfig({ databaseUrl: database.url, adminPassword: null, jwtSecret: Buffer.alloc(48) }),
        { log },
      );
    const services = await Promise.all([start(), start(), start()]);
    try {
      const created = services.flatMap(({ administrator }) => administrator ?? []);
      expect(created).toEqual([{ username: 'admin', password: expect.stringMatching(/^[\w-]{20}$/) }]);
      expect(lines.join()).not.toContain(created[0]!.password!);
      const answer = await fetch(`${services[0]?.url}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(created[0]),
      });
      expect(answer.status).toBe(200);
      const users = await services[0]?.app.get(DataSource).query('SELECT username FROM users');
      expect(users).toEqual([{ username: 'admin' }]);
    } finally {
      await Promise.all(services.map((service) => service.close()));
      await database.drop();
    }
  });
});
