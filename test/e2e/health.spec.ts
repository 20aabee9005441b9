import { startTestService, type TestService } from './service';

describe('health', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service?.close());

  it('is alive and ready without credentials', async () => {
    expect(await service.api('GET', '/api/health/live', undefined, null)).toMatchObject({
      status: 200,
      body: { status: 'up' },
    });
    expect(await service.api('GET', '/api/health/ready', undefined, null)).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { database: 'up', cache: 'up' } },
    });
  });
});
