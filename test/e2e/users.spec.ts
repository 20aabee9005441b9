import { DataSource } from 'typeorm';
import { startTestService, type TestService } from './service';

describe('users', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service?.close());

  const me = (token: string): Promise<number> =>
    service.api('GET', '/api/auth/me', undefined, token).then(({ status }) => status);
  const body = (username: string, more: object = {}) => ({
    username,
    email: `${username}@example.com`,
    password: 'a good long pass phrase',
    role: 'user',
    ...more,
  });
  const patch = (id: string, changes: object, token = service.admin) =>
    service.api('PATCH', `/api/users/${id}`, changes, token);

  it('are created, read, changed, listed and removed by administrators', async () => {
    const created = await service.api('POST', '/api/users', body('crud', { fullName: 'Crud Müller' }));
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: expect.any(String),
      attributes: {},
      username: 'crud',
      email: 'crud@example.com',
      fullName: 'Crud Müller',
      role: 'user',
      isActive: true,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      lastLoginAt: null,
    });
    const path = `/api/users/${created.body.id}`;
    const changed = await service.api('PATCH', path, { fullName: null, email: 'new@example.com' });
    expect(changed.body).toMatchObject({ fullName: null, email: 'new@example.com', username: 'crud' });
    expect((await service.api('GET', path)).body).toEqual(changed.body);
    const found = await service.api('GET', '/api/users?q=NEW@exam&isActive=true&role=user');
    expect(found.body).toEqual({ items: [changed.body], nextCursor: null });
    expect((await service.api('DELETE', path)).status).toBe(204);
    expect((await service.api('GET', path)).status).toBe(404);
    expect((await service.api('DELETE', path)).body.code).toBe('resource.not_found');
    const log = (await service.api('GET', `/api/audit?resourceId=${created.body.id}`)).body.items;
    expect(log.map(({ action, details }: any) => [action, details])).toEqual([
      ['user.delete', { username: 'crud', role: 'user' }],
      ['user.update', { username: 'crud', changed: expect.arrayContaining(['email', 'fullName']) }],
      ['user.create', { username: 'crud', role: 'user' }],
    ]);
  });

  it('are nobody else’s business', async () => {
    for (const role of ['user', 'viewer'] as const) {
      const { token, id } = await service.user(role);
      for (const [method, path] of [
        ['GET', '/api/users'],
        ['POST', '/api/users'],
        ['GET', `/api/users/${id}`],
        ['PATCH', `/api/users/${id}`],
        ['DELETE', `/api/users/${id}`],
        ['GET', `/api/users/${id}/sessions`],
        ['GET', '/api/settings'],
        ['GET', '/api/audit'],
        ['GET', '/metrics'],
      ] as const) {
        const { status, body: problem } = await service.api(method, path, undefined, token);
        expect([method, path, status, problem.code]).toEqual([method, path, 403, 'auth.forbidden']);
      }
    }
    const { items } = (await service.api('GET', '/api/audit?action=auth.denied')).body;
    expect(items[0].details).toEqual({ right: 'metrics.read', method: 'GET', route: '/metrics' });
  });

  it('have names and addresses of their own, whatever the case', async () => {
    await service.api('POST', '/api/users', body('unique'));
    const name = await service.api('POST', '/api/users', body('UNIQUE', { email: 'else@example.com' }));
    expect([name.status, name.body.code]).toEqual([409, 'user.username_taken']);
    const email = await service.api('POST', '/api/users', body('else', { email: 'Unique@example.com' }));
    expect([email.status, email.body.code]).toEqual([409, 'user.email_taken']);
  });

  it.each([
    [{ username: 'ab' }, '/username'],
    [{ username: 'x'.repeat(51) }, '/username'],
    [{ username: 'а-cyrillic' }, '/username'],
    [{ username: 7 }, '/username'],
    [{ email: 'nowhere' }, '/email'],
    [{ role: 'root' }, '/role'],
    [{ role: null }, '/role'],
    [{ isAdmin: true }, '/isAdmin'],
    [{ password: 'short' }, '/password'],
    [{ password: undefined }, '/password'],
    [{ password: 'Password123' }, '/password'],
  ])('are refused with %j', async (wrong, path) => {
    const { status, body: problem } = await service.api('POST', '/api/users', body('valid-name', wrong));
    expect([status, problem.errors[0].path]).toEqual([400, path]);
  });

  it('are listed in pages', async () => {
    for (const name of ['page-a', 'Page-b', 'page-c']) await service.api('POST', '/api/users', body(name));
    const first = (await service.api('GET', '/api/users?q=page-&limit=2')).body;
    const second = (await service.api('GET', `/api/users?q=page-&limit=2&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...second.items].map(({ username }: any) => username)).toEqual([
      'page-a',
      'Page-b',
      'page-c',
    ]);
    expect(second.nextCursor).toBeNull();
    for (const wrong of ['limit=0', 'limit=501', 'limit=x', 'cursor=x', 'isActive=maybe', 'unknown=1']) {
      expect([wrong, (await service.api('GET', `/api/users?${wrong}`)).status]).toEqual([wrong, 400]);
    }
  });

  it('lose and gain rights with the next request', async () => {
    const user = await service.user('admin');
    expect((await service.api('GET', '/api/users', undefined, user.token)).status).toBe(200);
    await patch(user.id, { role: 'viewer' });
    expect((await service.api('GET', '/api/users', undefined, user.token)).status).toBe(403);
    await patch(user.id, { role: 'admin' });
    expect((await service.api('GET', '/api/users', undefined, user.token)).status).toBe(200);
  });

  it('lose sessions and keys when they are switched off, and do not get them back', async () => {
    const user = await service.user('user');
    const { key } = (await service.api('POST', '/api/auth/api-keys', { name: 'k' }, user.token)).body;
    await patch(user.id, { isActive: false });
    const states = async (): Promise<number[]> => [
      await me(user.token),
      (await service.api('GET', '/api/auth/me', undefined, { apiKey: key })).status,
      (await service.api('POST', '/api/auth/refresh', { refreshToken: user.refreshToken }, null)).status,
    ];
    expect(await states()).toEqual([401, 401, 401]);
    await patch(user.id, { isActive: true });
    expect(await states()).toEqual([401, 401, 401]);
    expect((await service.login(user.username, user.password)).status).toBe(200);
  });

  it('lose sessions and keys when an administrator sets their password', async () => {
    const user = await service.user('user');
    const { key } = (await service.api('POST', '/api/auth/api-keys', { name: 'k' }, user.token)).body;
    expect((await patch(user.id, { password: 'set by somebody else' })).status).toBe(200);
    expect(await me(user.token)).toBe(401);
    expect((await service.api('GET', '/api/auth/me', undefined, { apiKey: key })).status).toBe(401);
    expect((await service.login(user.username, user.password)).status).toBe(401);
    expect((await service.login(user.username, 'set by somebody else')).status).toBe(200);
  });

  it('cannot log in or go on when they are removed', async () => {
    const user = await service.user('user');
    await service.api('DELETE', `/api/users/${user.id}`);
    expect(await me(user.token)).toBe(401);
    expect((await service.login(user.username, user.password)).status).toBe(401);
  });

  it('have sessions that administrators list and end', async () => {
    const user = await service.user('user');
    const path = `/api/users/${user.id}/sessions`;
    const [session] = (await service.api('GET', path)).body.items;
    expect(session).toMatchObject({ current: false, ipAddress: '127.0.0.1' });
    const other = await service.user('user');
    expect((await service.api('DELETE', `/api/users/${other.id}/sessions/${session.id}`)).status).toBe(404);
    expect((await service.api('DELETE', `${path}/${session.id}`)).status).toBe(204);
    expect(await me(user.token)).toBe(401);
    expect((await service.api('DELETE', `/api/users/${other.id}/sessions`)).status).toBe(204);
    expect(await me(other.token)).toBe(401);
  });

  describe('the last active administrator', () => {
    let alone: TestService;
    beforeEach(async () => {
      alone = await startTestService();
    });
    afterEach(() => alone.close());
    const idOf = async (token: string): Promise<string> =>
      (await alone.api('GET', '/api/auth/me', undefined, token)).body.user.id;

    it('can be neither removed, demoted nor switched off', async () => {
      const path = `/api/users/${await idOf(alone.admin)}`;
      const answers = [
        await alone.api('DELETE', path),
        await alone.api('PATCH', path, { role: 'user' }),
        await alone.api('PATCH', path, { isActive: false }),
      ];
      expect(answers.map(({ status, body: { code } }) => [status, code])).toEqual(
        answers.map(() => [409, 'user.last_admin']),
      );
      const idle = await alone.user('admin');
      await alone.api('PATCH', `/api/users/${idle.id}`, { isActive: false });
      expect((await alone.api('PATCH', path, { role: 'user' })).status).toBe(409);
      await alone.api('PATCH', `/api/users/${idle.id}`, { isActive: true });
      expect((await alone.api('PATCH', path, { role: 'user' })).status).toBe(200);
    });

    it('stays when all administrators go at the same moment, on two replicas', async () => {
      const replica = await alone.replica();
      const others = await Promise.all(Array.from({ length: 5 }, () => alone.user('admin')));
      const all = [await idOf(alone.admin), ...others.map(({ id }) => id)];
      const changes = [{ role: 'viewer' }, { isActive: false }, null];
      const answers = await Promise.all(
        all.map((id, n) => {
          const on = n % 2 === 0 ? alone : replica;
          const token = others[n]?.token ?? alone.admin;
          const change = changes[n % 3];
          return change
            ? on.api('PATCH', `/api/users/${id}`, change, token)
            : on.api('DELETE', `/api/users/${id}`, undefined, token);
        }),
      );
      for (const { status } of answers) expect([200, 204, 401, 403, 409]).toContain(status);
      const [{ count }] = await alone.service.app
        .get(DataSource)
        .query(`SELECT count(*)::int AS count FROM users WHERE role = 'admin' AND is_active`);
      expect(count).toBeGreaterThanOrEqual(1);
      expect(answers.filter(({ status }) => status < 300)).toHaveLength(6 - count);
    });
  });
});
