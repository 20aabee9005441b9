import { Lifecycle } from '../../src/common/lifecycle';
import { startTestService, type TestService } from './service';

describe('health', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service?.close());

  const ready = (on = service) => on.api('GET', '/api/health/ready', undefined, null);

  it('is alive and ready without credentials', async () => {
    expect(await service.api('GET', '/api/health/live', undefined, null)).toMatchObject({
      status: 200,
      body: { status: 'up' },
    });
    expect(await ready()).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { database: 'up', cache: 'up' } },
    });
  });

  it('is not ready without the cache it was told to use', async () => {
    const replica = await service.replica({ redisUrl: 'redis://127.0.0.1:1' });
    const { status, headers, body } = await ready(replica);
    expect([status, body.code, body.database, body.cache]).toEqual([
      503,
      'service.unavailable',
      'up',
      'down',
    ]);
    expect(headers.get('retry-after')).toBe('1');
    expect((await replica.api('GET', '/api/users')).status).toBe(200);
  });

  it('measures requests by route, for administrators', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    await service.api('GET', `/api/users/${id}`);
    await service.api('GET', '/nowhere/in/particular');
    const { status, text, headers } = await service.api('GET', '/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/);
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/api\/users\/:id",status="404"\} 1\n/,
    );
    expect(text).toMatch(/route="unmatched",status="404"/);
    expect(text).toMatch(/nodejs_eventloop_lag_seconds/);
    expect(text).not.toContain(id);
    expect((await service.api('GET', '/metrics', undefined, null)).status).toBe(401);
  });

  it('is not ready while it stops, and asks to leave the connection', async () => {
    const replica = await service.replica();
    replica.service.app.get(Lifecycle).stop();
    const { status, body, headers } = await ready(replica);
    expect([status, body.code]).toEqual([503, 'service.shutting_down']);
    expect(headers.get('connection')).toBe('close');
    expect((await replica.api('GET', '/api/health/live', undefined, null)).status).toBe(200);
  });

  it('outlives its database, and says 503 until it is back', async () => {
    const alone = await startTestService();
    try {
      await alone.database.drop();
      const { status, body } = await ready(alone);
      expect([status, body.code, body.database, body.cache]).toEqual([
        503,
        'service.unavailable',
        'down',
        'up',
      ]);
      for (const answer of [await alone.api('GET', '/api/auth/me'), await alone.login('admin', 'x')]) {
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
        expect(answer.text).not.toMatch(/postgres|does not exist|test_/);
      }
      expect((await alone.api('GET', '/api/health/live', undefined, null)).status).toBe(200);
    } finally {
      await alone.close();
    }
  });
});
