import { settingKeys } from '../../src/modules/settings/setting-definitions';
import { startTestService, type TestService } from './service';

describe('settings', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service?.close());

  const patch = (key: string, value: unknown, on = service) =>
    on.api('PATCH', `/api/settings/${key}`, { value });

  it('are listed with their types, bounds and defaults', async () => {
    const { items } = (await service.api('GET', '/api/settings')).body;
    expect(items.map(({ key }: any) => key)).toEqual(settingKeys);
    expect(items.find(({ key }: any) => key === 'session_timeout_hours')).toEqual({
      key: 'session_timeout_hours',
      value: 24,
      type: 'integer',
      default: 24,
      min: 1,
      max: 8760,
      description: 'Longest life of a session, in hours',
      category: 'auth',
      sensitive: false,
      updatedAt: expect.any(String),
      updatedBy: null,
    });
  });

  it('are changed for every replica at once, and recorded', async () => {
    const replica = await service.replica();
    expect((await replica.api('GET', '/api/settings/max_query_rows')).body.value).toBe(10_000);
    const changed = await patch('max_query_rows', 77);
    expect(changed).toMatchObject({ status: 200, body: { key: 'max_query_rows', value: 77 } });
    expect(changed.body.updatedBy).toBe((await service.api('GET', '/api/auth/me')).body.user.id);
    let seen = 0;
    for (let n = 0; n < 100 && seen !== 77; n += 1) {
      seen = (await replica.api('GET', '/api/settings/max_query_rows')).body.value;
    }
    expect(seen).toBe(77);
    const [record] = (await service.api('GET', '/api/audit?action=setting.update')).body.items;
    expect(record).toMatchObject({ resourceId: 'max_query_rows', details: { from: 10_000, to: 77 } });
  });

  it.each([
    ['max_query_rows', '10'],
    ['max_query_rows', 0],
    ['max_query_rows', 1.5],
    ['openai_temperature', 3],
    ['openai_model', ''],
    ['openai_model', { $gt: '' }],
  ])('refuse %s = %j', async (key, value) => {
    const { status, body } = await patch(key, value);
    expect([status, body.code, body.errors[0].path]).toEqual([400, 'setting.invalid', '/value']);
  });

  it('refuse what is not there', async () => {
    expect((await patch('nothing_like_it', 1)).body.code).toBe('setting.unknown');
    expect((await service.api('GET', '/api/settings/__proto__')).body.code).toBe('setting.unknown');
    expect((await service.api('PATCH', '/api/settings/max_query_rows', {})).status).toBe(400);
    expect((await patch('max_query_rows', null)).status).toBe(400);
  });
});
