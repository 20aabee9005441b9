import { connect } from 'node:net';
import { testServer } from '../servers/servers';
import { startTestService, type Answer, type TestService } from './service';

describe('problems', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service?.close());

  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  const login = (body: unknown): Promise<Answer> => service.api('POST', '/api/auth/login', body, null);

  function expectProblem({ status, headers, body }: Answer, expected: [number, string]): void {
    expect([status, body.code]).toEqual(expected);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('x-request-id')).toMatch(UUID);
    expect(body).toMatchObject({
      type: `urn:sluice:problem:${expected[1]}`,
      title: expect.any(String),
      status: expected[0],
      detail: expect.any(String),
      instance: expect.any(String),
      requestId: headers.get('x-request-id'),
    });
  }

  /** Bytes that no HTTP client would send. */
  function raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => socket.write(text));
      socket.setEncoding('utf8');
      socket.on('data', (part: string) => (answer += part));
      socket.on('end', () => resolve(answer));
      socket.on('error', reject);
    });
  }

  it('answer paths that are not there, without quoting their query', async () => {
    const answer = await service.api('GET', '/api/nothing?password=canary-query', undefined, null);
    expectProblem(answer, [404, 'request.not_found']);
    expect(answer.body.instance).toBe('/api/nothing');
    expectProblem(await service.api('GET', '/nothing', undefined, null), [404, 'request.not_found']);
    expect(service.logged()).not.toContain('canary-query');
  });

  it('answer methods that a path does not know, and name those it does', async () => {
    const answer = await service.api('DELETE', '/api/auth/login');
    expectProblem(answer, [405, 'request.method_not_allowed']);
    expect(answer.headers.get('allow')).toBe('POST');
    const id = '00000000-0000-4000-8000-000000000000';
    const item = await service.api('PUT', `/api/users/${id}`, {});
    expectProblem(item, [405, 'request.method_not_allowed']);
    expect(item.headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH');
  });

  it('keep the request id of a caller that sends a UUID, and no other', async () => {
    const send = async (id: string): Promise<string | null> =>
      (await fetch(`${service.url}/api/health/live`, { headers: { 'x-request-id': id } })).headers.get(
        'x-request-id',
      );
    const given = '0b5cbd5e-5f0f-4e0c-9d7a-0a1b2c3d4e5f';
    expect(await send(given)).toBe(given);
    for (const other of ['x', 'a'.repeat(200), `${given}x`]) {
      expect(await send(other)).toMatch(UUID);
      expect(await send(other)).not.toBe(other);
    }
  });

  it.each([
    ['broken JSON', '{"username": "a"', 'request.malformed'],
    ['a trailing comma', '{"username": "a",}', 'request.malformed'],
    ['no JSON', 'username=a', 'request.malformed'],
    ['a prototype', '{"__proto__": {"admin": true}, "username": "a", "password": "b"}', 'request.malformed'],
    [
      'invalid UTF-8',
      Buffer.from([0x7b, 0x22, 0x75, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
      'request.malformed',
    ],
    ['a list', '[]', 'request.invalid'],
    ['a text', '"text"', 'request.invalid'],
    ['a number', '7', 'request.invalid'],
    ['null', 'null', 'request.invalid'],
    ['nothing', '', 'request.invalid'],
    ['200 levels', `{"username": ${'['.repeat(200)}${']'.repeat(200)}, "password": "b"}`, 'request.invalid'],
    [
      '100,000 levels',
      `{"username": ${'['.repeat(1e5)}${']'.repeat(1e5)}, "password": "b"}`,
      'request.invalid',
    ],
  ])('refuse a body that is %s', async (_, body, code) => {
    expectProblem(await login(body), [400, code]);
  });

  it('name every member of a body that does not validate', async () => {
    const answer = await login({ username: 7, password: '', 'a/b~c': 1 });
    expectProblem(answer, [400, 'request.invalid']);
    expect(answer.body.errors.map(({ path }: any) => path).toSorted()).toEqual([
      '/a~1b~0c',
      '/password',
      '/username',
      '/username',
      '/username',
    ]);
    expect(answer.body.errors.find(({ path }: any) => path === '/a~1b~0c').message).toBe('is not known here');
  });

  it('refuse texts that PostgreSQL cannot hold, wherever they stand', async () => {
    for (const body of [
      '{"username": "a\\u0000b", "password": "x"}',
      '{"username": "a\\ud800b", "password": "x"}',
      '{"username": "ab", "password": "x", "\\u0000": 1}',
    ]) {
      expectProblem(await login(body), [400, 'request.invalid']);
    }
    for (const path of ['/api/users?q=%00', '/api/settings/%00', '/api/audit?action=a%00b']) {
      expectProblem(await service.api('GET', path), [400, 'request.invalid']);
    }
  });

  it('refuse bodies that are too large', async () => {
    const answer = await login({ username: 'a', password: 'x'.repeat(10 * 1024 * 1024) });
    expectProblem(answer, [413, 'request.too_large']);
  });

  it.each([
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ])('refuse a body in %s', async (type) => {
    const response = await fetch(`${service.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: 'username=a&password=b',
    });
    const body: any = await response.json();
    expectProblem({ status: response.status, headers: response.headers, body, text: '' }, [
      415,
      'request.unsupported_media_type',
    ]);
  });

  it('refuse ids that are no UUID', async () => {
    for (const id of ['1', "1' or '1'='1", 'x'.repeat(90)]) {
      const answer = await service.api('GET', `/api/users/${id}`);
      expectProblem(answer, [400, 'request.invalid']);
    }
    expectProblem(await service.api('GET', `/api/users/${'x'.repeat(2000)}`), [404, 'request.not_found']);
  });

  it('answer malformed addresses and what is no HTTP', async () => {
    expectProblem(await service.api('GET', '/api/users/%zz'), [404, 'request.not_found']);
    const garbage = await raw('GARBAGE\r\n\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*"code":"request.malformed"/);
    const huge = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(huge).toMatch(/^HTTP\/1\.1 431 [^]*"code":"request.headers_too_large"/);
    const smuggled = await raw(
      'POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect(smuggled).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('carry the security headers that answers carry', async () => {
    for (const path of ['/api/health/live', '/api/nothing', '/nothing']) {
      const { headers } = await service.api('GET', path, undefined, null);
      expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
    }
    expect((await service.api('GET', '/api/users')).headers.get('cache-control')).toBe('no-store');
  });

  it('keep secrets out of the log and of every answer', async () => {
    const canary = 'canary-7f3d9a';
    const user = await service.user('user');
    const { text } = await service.api('POST', '/api/auth/api-keys', { name: 'log' }, user.token);
    const { key } = JSON.parse(text);
    await service.api('GET', '/api/auth/me', undefined, { apiKey: key });
    const answers = [
      await login({ username: 'admin', password: canary }),
      await login({ username: 'admin', password: canary, [canary]: { password: canary } }),
      await login(`{"password": "${canary}`),
      await service.api('POST', '/api/auth/refresh', { refreshToken: canary }, null),
      await service.api('GET', `/api/users?${canary}=1`),
      await service.api('GET', '/api/users', undefined, canary),
      await service.api(
        'POST',
        '/api/auth/password',
        { currentPassword: canary, newPassword: canary },
        user.token,
      ),
    ];
    for (const answer of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      // A member that is not known is named back; values never are.
      expect(answer.text.replace(`/${canary}"`, '')).not.toContain(canary);
    }
    const log = service.logged();
    for (const secret of [canary, user.password, user.token, user.refreshToken, key, service.admin]) {
      expect(log).not.toContain(secret);
    }
    const records = (await service.api('GET', '/api/audit?limit=500')).text;
    for (const secret of [canary, user.password, user.token, user.refreshToken, key]) {
      expect(records).not.toContain(secret);
    }
  });

  it('do not call it a fault of ours when a client goes away in the middle', async () => {
    const before = service.logged().length;
    const port = Number(new URL(service.url).port);
    for (const head of ['content-length: 100', 'transfer-encoding: chunked']) {
      const socket = connect(port, '127.0.0.1');
      socket.write(
        `POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${head}\r\n\r\n5\r\n{`,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.destroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await service.api('GET', '/api/health/live', undefined, null)).status).toBe(200);
    expect(service.logged().slice(before)).not.toMatch(/"level":[56]0/);
  });

  it('write one line a request, with its id, route and user', async () => {
    const { headers } = await service.api('GET', '/api/users?q=abc');
    const line = service
      .logged()
      .split('\n')
      .find((text) => text.includes(headers.get('x-request-id')!))!;
    expect(JSON.parse(line)).toMatchObject({
      msg: 'request',
      method: 'GET',
      route: '/api/users',
      status: 200,
      ip: '127.0.0.1',
      userId: expect.stringMatching(UUID),
    });
    expect(line).not.toContain('abc');
  });
});

describe('request limits', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService({ rateLimitPerMinute: 20 });
  });
  afterAll(() => service?.close());

  it('hold for each principal and, without one, for each address', async () => {
    const user = await service.user('user');
    const refused: Answer[] = [];
    const status = async (token: string | null): Promise<number> => {
      const answer = await service.api('GET', '/api/auth/me', undefined, token);
      if (answer.status === 429) refused.push(answer);
      return answer.status;
    };
    const answers = [];
    for (let n = 0; n < 45; n += 1) answers.push(await status(user.token));
    // A minute may turn in between: then the count starts once more.
    expect(answers.filter((code) => code === 429).length).toBeGreaterThanOrEqual(5);
    expect(await status(service.admin)).toBe(200);
    for (const { body, headers } of refused) {
      expect(body.code).toBe('request.rate_limited');
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    }
    const strangers = [];
    for (let n = 0; n < 45; n += 1) strangers.push(await status(null));
    expect(strangers.filter((code) => code === 429).length).toBeGreaterThanOrEqual(5);
    expect(await status(service.admin)).toBe(200);
  });
});

describe('request limits with Redis', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService({ rateLimitPerMinute: 30, redisUrl: testServer('redis').url });
  });
  afterAll(() => service?.close());

  it('hold over all replicas together', async () => {
    const replica = await service.replica();
    const { token } = await service.user('user');
    const status = async (on: TestService): Promise<number> =>
      (await on.api('GET', '/api/auth/me', undefined, token)).status;
    const answers: number[] = [];
    // 30 a minute in all, so 40 on each of two replicas pass it even when a minute turns in between.
    for (let n = 0; n < 40; n += 1) answers.push(await status(n % 2 === 0 ? service : replica));
    for (let n = 0; n < 40; n += 1) answers.push(await status(n % 2 === 0 ? service : replica));
    expect(answers.filter((code) => code === 200).length).toBeLessThanOrEqual(62);
    expect(answers).toContain(429);
  });
});
