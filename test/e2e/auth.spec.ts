import { createHmac } from 'node:crypto';
import { startTestService, type TestService, type TestUser } from './service';

const decode = (part: string): any => JSON.parse(Buffer.from(part, 'base64url').toString());
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('auth', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service?.close());

  const me = (token: string, on = service): Promise<number> =>
    on.api('GET', '/api/auth/me', undefined, token).then(({ status }) => status);
  const refresh = (refreshToken: string, on = service) =>
    on.api('POST', '/api/auth/refresh', { refreshToken }, null);
  const audited = async (action: string): Promise<any[]> =>
    (await service.api('GET', `/api/audit?action=${action}&limit=200`)).body.items;

  describe('log-in', () => {
    it('answers tokens and the user, and nothing of the password', async () => {
      const user = await service.user('user');
      const { status, body, text, headers } = await service.login(user.username, user.password);
      expect(status).toBe(200);
      expect(body).toEqual({
        accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        refreshToken: expect.stringMatching(/^[0-9a-f-]{36}\.[\w-]{43}$/),
        tokenType: 'Bearer',
        expiresIn: 900,
        user: expect.objectContaining({ id: user.id, username: user.username, role: 'user', isActive: true }),
      });
      expect(text).not.toMatch(/hash|argon/i);
      expect(headers.get('cache-control')).toBe('no-store');
      const [header, claims] = body.accessToken.split('.');
      expect(decode(header)).toEqual({ alg: 'HS256', typ: 'JWT' });
      expect(decode(claims)).toEqual({
        sub: user.id,
        sid: expect.any(String),
        role: 'user',
        iss: 'sluice',
        aud: 'sluice',
        iat: expect.any(Number),
        exp: decode(claims).iat + 900,
      });
    });

    it('takes the username in any case', async () => {
      const user = await service.user('user', 'MixedCase');
      expect((await service.login('mixedcase', user.password)).status).toBe(200);
    });

    it('gives one answer to unknown users, wrong passwords and users switched off', async () => {
      const user = await service.user('user');
      await service.api('PATCH', `/api/users/${user.id}`, { isActive: false });
      const answers = [
        await service.login('nobody-here', 'whatever it is'),
        await service.login('admin', 'not the password'),
        await service.login(user.username, user.password),
      ];
      for (const { status, body, headers } of answers) {
        expect(status).toBe(401);
        expect(headers.get('www-authenticate')).toContain('Bearer');
        expect({ ...body, requestId: '' }).toEqual({ ...answers[0]!.body, requestId: '' });
      }
      const reasons = (await audited('auth.login')).filter(({ result }) => result === 'failure');
      expect(reasons.slice(0, 3).map(({ details }) => details)).toEqual([
        { reason: 'inactive', username: user.username },
        { reason: 'wrong_password', username: 'admin' },
        { reason: 'unknown_user', username: 'nobody-here' },
      ]);
      expect(reasons[0]).toMatchObject({ ipAddress: '127.0.0.1', requestId: answers[2]!.body.requestId });
    });

    it('throttles guessing per account and address, and says how long', async () => {
      const user = await service.user('user');
      const guesses = [];
      for (let n = 0; n < 6; n += 1) guesses.push(await service.login(user.username, `wrong guess ${n}`));
      expect(guesses.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
      const blocked = await service.login(user.username, user.password);
      expect(blocked.body.code).toBe('auth.too_many_attempts');
      expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(600);
      const other = await service.user('user');
      expect((await service.login(other.username, other.password)).status).toBe(200);
    });

    it('lets many log in at once', async () => {
      const user = await service.user('user');
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => service.login(user.username, user.password)),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    });
  });

  describe('access tokens', () => {
    it('are refused when they are forged in any way', async () => {
      const [header, claims, signature] = service.admin.split('.') as [string, string, string];
      const sign = (head: object, body: object, key: Buffer = Buffer.from('x'.repeat(48))): string => {
        const text = `${encode(head)}.${encode(body)}`;
        return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
      };
      const forged = [
        `${encode({ alg: 'none', typ: 'JWT' })}.${claims}.`,
        `${encode({ alg: 'none', typ: 'JWT' })}.${claims}.${signature}`,
        sign({ alg: 'HS256', typ: 'JWT' }, decode(claims)),
        `${encode({ alg: 'HS512', typ: 'JWT' })}.${claims}.${signature}`,
        `${header}.${encode({ ...decode(claims), exp: 9_999_999_999 })}.${signature}`,
        'not-a-token',
        '',
      ];
      for (const token of forged) {
        const { status, body } = await service.api('GET', '/api/users', undefined, token);
        expect([status, body.code]).toEqual([401, 'auth.invalid_token']);
      }
    });

    it('are refused from another issuer, for another audience, or without a session', async () => {
      const replica = await service.replica();
      const key = Buffer.from('k'.repeat(48));
      const other = await service.replica({ jwtSecret: key });
      const claims = decode(other.admin.split('.')[1]!);
      const sign = (body: object): string => {
        const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(body)}`;
        return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
      };
      expect(await me(sign(claims), other)).toBe(200);
      for (const wrong of [
        { iss: 'else' },
        { aud: 'else' },
        { sid: undefined },
        { sid: "x' or 1=1" },
        { sub: 'admin' },
        { exp: undefined },
      ]) {
        expect(await me(sign({ ...claims, ...wrong }), other)).toBe(401);
      }
      const stranger = '00000000-0000-4000-8000-000000000000';
      expect(await me(sign({ ...claims, sub: stranger }), other)).toBe(401);
      expect(await me(sign({ ...claims, sid: stranger }), other)).toBe(401);
      const expired = await other.api(
        'GET',
        '/api/auth/me',
        undefined,
        sign({ ...claims, exp: claims.iat - 1 }),
      );
      expect(expired.body.code).toBe('auth.expired_token');
      expect(await me(service.admin, replica)).toBe(200);
      expect(await me(service.admin, other)).toBe(401);
    });

    it('are required', async () => {
      const { status, body, headers } = await service.api('GET', '/api/auth/me', undefined, null);
      expect([status, body.code]).toEqual([401, 'auth.required']);
      expect(headers.get('www-authenticate')).toContain('Bearer');
    });

    it('end at once on every replica when the session does', async () => {
      const replica = await service.replica();
      const user = await service.user('user');
      expect([await me(user.token), await me(user.token, replica)]).toEqual([200, 200]);
      expect((await service.api('POST', '/api/auth/logout', undefined, user.token)).status).toBe(204);
      const after = await replica.api('GET', '/api/auth/me', undefined, user.token);
      expect([after.status, after.body.code]).toEqual([401, 'auth.session_ended']);
      expect(await me(user.token)).toBe(401);
      expect((await refresh(user.refreshToken)).body.code).toBe('auth.session_ended');
      expect((await audited('auth.logout'))[0]).toMatchObject({ actorId: user.id, result: 'success' });
    });
  });

  describe('refresh', () => {
    it('gives new tokens of the same session', async () => {
      const user = await service.user('user');
      const { status, body } = await refresh(user.refreshToken);
      expect(status).toBe(200);
      expect(body.refreshToken).not.toBe(user.refreshToken);
      const sidOf = (token: string): string => decode(token.split('.')[1]!).sid;
      expect(sidOf(body.accessToken)).toBe(sidOf(user.token));
      expect([await me(user.token), await me(body.accessToken)]).toEqual([200, 200]);
    });

    it('ends the session when a token comes twice', async () => {
      const user = await service.user('user');
      const next = (await refresh(user.refreshToken)).body;
      const reused = await refresh(user.refreshToken);
      expect([reused.status, reused.body.code]).toEqual([401, 'auth.session_ended']);
      expect((await refresh(next.refreshToken)).status).toBe(401);
      expect([await me(user.token), await me(next.accessToken)]).toEqual([401, 401]);
      expect((await audited('auth.refresh_reused'))[0]).toMatchObject({
        actorId: user.id,
        result: 'failure',
      });
    });

    it('lets one of many parallel ones through', async () => {
      const user = await service.user('user');
      const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(user.refreshToken)));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        200,
        ...Array(7).fill(401),
      ]);
    });

    it('does not end a session for a token that nobody issued', async () => {
      const user = await service.user('user');
      const [sid] = user.refreshToken.split('.');
      const forged = await refresh(`${sid}.${'A'.repeat(43)}`);
      expect([forged.status, forged.body.code]).toEqual([401, 'auth.invalid_token']);
      expect(await me(user.token)).toBe(200);
      expect((await refresh(user.token)).status).toBe(400);
    });
  });

  describe('sessions', () => {
    it('are listed and ended by their owner only', async () => {
      const user = await service.user('user');
      const second = (await service.login(user.username, user.password)).body.accessToken;
      const list = (await service.api('GET', '/api/auth/sessions', undefined, user.token)).body.items;
      expect(list).toHaveLength(2);
      expect(list.filter(({ current }: any) => current)).toHaveLength(1);
      const [other] = list.filter(({ current }: any) => !current);
      const stranger = await service.user('user');
      const path = `/api/auth/sessions/${other.id}`;
      expect((await service.api('DELETE', path, undefined, stranger.token)).status).toBe(404);
      expect(await me(second)).toBe(200);
      expect((await service.api('DELETE', path, undefined, user.token)).status).toBe(204);
      expect((await service.api('DELETE', path, undefined, user.token)).status).toBe(404);
      expect([await me(second), await me(user.token)]).toEqual([401, 200]);
    });

    it('are all ended at once by their owner', async () => {
      const user = await service.user('user');
      const second = (await service.login(user.username, user.password)).body.accessToken;
      expect((await service.api('DELETE', '/api/auth/sessions', undefined, user.token)).status).toBe(204);
      expect([await me(second), await me(user.token)]).toEqual([401, 401]);
    });
  });

  describe('the own password', () => {
    const change = (user: TestUser, currentPassword: string, newPassword: string) =>
      service.api('POST', '/api/auth/password', { currentPassword, newPassword }, user.token);

    it('is changed with the present one and ends the other sessions', async () => {
      const user = await service.user('user');
      const second = (await service.login(user.username, user.password)).body.accessToken;
      expect((await change(user, user.password, 'password123')).body.code).toBe('auth.weak_password');
      expect((await change(user, 'not it at all', 'a better one than that')).body.code).toBe(
        'auth.invalid_credentials',
      );
      expect((await change(user, user.password, 'a better one than that')).status).toBe(204);
      expect([await me(user.token), await me(second)]).toEqual([200, 401]);
      expect((await service.login(user.username, user.password)).status).toBe(401);
      expect((await service.login(user.username, 'a better one than that')).status).toBe(200);
    });

    it('cannot be guessed through a stolen session', async () => {
      const user = await service.user('user');
      const codes = [];
      for (let n = 0; n < 6; n += 1) codes.push((await change(user, `guess ${n}`, 'a better one')).status);
      expect(codes).toEqual([401, 401, 401, 401, 401, 429]);
    });
  });

  describe('API keys', () => {
    const create = async (user: TestUser, body: object = { name: 'report' }) =>
      service.api('POST', '/api/auth/api-keys', body, user.token);

    it('act as their user, are shown once and can be revoked', async () => {
      const user = await service.user('viewer');
      const { status, body } = await create(user);
      expect(status).toBe(201);
      expect(body).toMatchObject({ name: 'report', expiresAt: null, lastUsedAt: null });
      expect(body.key).toMatch(/^sl_[0-9a-f]{8}_[\w-]{43}$/);
      const answer = await service.api('GET', '/api/auth/me', undefined, { apiKey: body.key });
      expect(answer.body).toMatchObject({
        user: { id: user.id },
        role: 'viewer',
        session: null,
        apiKey: { id: body.id, prefix: body.key.slice(0, 11) },
      });
      const list = await service.api('GET', '/api/auth/api-keys', undefined, user.token);
      expect(list.text).not.toContain(body.key.slice(12));
      const stranger = await service.user('user');
      const path = `/api/auth/api-keys/${body.id}`;
      expect((await service.api('DELETE', path, undefined, stranger.token)).status).toBe(404);
      expect((await service.api('DELETE', path, undefined, user.token)).status).toBe(204);
      const after = await service.api('GET', '/api/auth/me', undefined, { apiKey: body.key });
      expect([after.status, after.body.code]).toEqual([401, 'auth.invalid_api_key']);
    });

    it('expire, and cannot be made expired', async () => {
      const user = await service.user('user');
      const past = await create(user, { name: 'past', expiresAt: '2020-01-01T00:00:00Z' });
      expect([past.status, past.body.errors[0].path]).toEqual([400, '/expiresAt']);
      const soon = new Date(Date.now() + 400).toISOString();
      const { key } = (await create(user, { name: 'soon', expiresAt: soon })).body;
      expect((await service.api('GET', '/api/auth/me', undefined, { apiKey: key })).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect((await service.api('GET', '/api/auth/me', undefined, { apiKey: key })).status).toBe(401);
    });

    it('make no further keys, change no password and end no session', async () => {
      const user = await service.user('admin');
      const { key } = (await create(user)).body;
      for (const [path, body] of [
        ['/api/auth/api-keys', { name: 'more' }],
        ['/api/auth/password', { currentPassword: user.password, newPassword: 'a better one' }],
        ['/api/auth/logout', undefined],
      ] as const) {
        const { status, body: problem } = await service.api('POST', path, body, { apiKey: key });
        expect([status, problem.code]).toEqual([403, 'auth.forbidden']);
      }
    });

    it('are refused when wrong, and beside an access token', async () => {
      const wrong = `sl_00000000_${'A'.repeat(43)}`;
      for (const apiKey of [wrong, 'x', '']) {
        expect((await service.api('GET', '/api/auth/me', undefined, { apiKey })).status).toBe(401);
      }
      const both = await fetch(`${service.url}/api/auth/me`, {
        headers: { authorization: `Bearer ${service.admin}`, 'x-api-key': wrong },
      });
      expect(both.status).toBe(400);
    });
  });

  it('lets one log out twice at once', async () => {
    const user = await service.user('user');
    const logout = () => service.api('POST', '/api/auth/logout', undefined, user.token);
    const answers = await Promise.all([logout(), logout(), logout()]);
    for (const { status } of answers) expect([204, 401]).toContain(status);
    expect(await me(user.token)).toBe(401);
  });

  it('tells who one is and what one may do', async () => {
    const viewer = await service.user('viewer');
    const { body } = await service.api('GET', '/api/auth/me', undefined, viewer.token);
    expect(body).toMatchObject({
      role: 'viewer',
      session: { current: true, ipAddress: '127.0.0.1' },
      apiKey: null,
    });
    expect(body.permissions).toContain('schema.read');
    expect(body.permissions).not.toContain('query.run');
  });
});
