import { randomUUID } from 'node:crypto';
import { startTestService, type Auth, type TestService } from './service';

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
}

const open = [
  'GET /api/health/live',
  'GET /api/health/ready',
  'POST /api/auth/login',
  'POST /api/auth/refresh',
];
/** Only for administrators. */
const administrative = [
  /^GET \/api\/(audit|stats\/|settings)/,
  /^PATCH \/api\/settings/,
  /^(GET|POST|PATCH|DELETE) \/api\/users/,
  /^POST \/api\/database\/connections/,
  /^(PATCH|DELETE) \/api\/database\/connections\/\{id\}$/,
  /^(GET|PUT|DELETE) \/api\/database\/connections\/\{id\}\/(permissions|policies|cache)/,
  /^GET \/api\/database\/connections\/\{id\}\/read-only-account$/,
  /^(GET|POST) \/api\/jobs/,
  /^(GET|POST|PATCH|DELETE) \/api\/shards(\/\{shardId\})?$/,
  /^(GET|PUT) \/api\/shards\/groups/,
  /^(GET|POST) \/api\/shards\/moves/,
  /^GET \/metrics$/,
];
/** For whoever may run statements; viewers may not. */
const running = [
  /^POST \/api\/database\/query(\/(stream|check|explain))?$/,
  /^POST \/api\/database\/procedure$/,
  /^GET \/api\/database\/procedures$/,
  /^DELETE \/api\/database\/query\/\{queryId\}$/,
  /^(GET|POST|DELETE) \/api\/database\/query\/jobs/,
  /^POST \/api\/database\/saved-queries/,
  /^POST \/api\/shards\/\{shardId\}\/(query(\/stream)?|procedure)$/,
  /^(PATCH|DELETE) \/api\/database\/saved-queries\/\{id\}$/,
];

describe('every route, asked by the wrong user', () => {
  let service: TestService;
  let operations: Operation[];

  beforeAll(async () => {
    service = await startTestService();
    const { paths } = (await service.api('GET', '/openapi.json', undefined, null)).body;
    operations = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: path.replace(/\{\w+\}/g, () => randomUUID()),
      })),
    );
  });
  afterAll(() => service.close());

  const refused = async (auth: Auth, code: string, among = operations): Promise<string[]> => {
    const names: string[] = [];
    for (const { name, method, path } of among) {
      const body = method === 'POST' || method === 'PUT' || method === 'PATCH' ? {} : undefined;
      const answer = await service.api(method, path, body, auth);
      if (answer.body?.code === code) names.push(name);
    }
    return names.toSorted();
  };
  const named = (patterns: readonly RegExp[]): string[] =>
    operations
      .map(({ name }) => name)
      .filter((name) => patterns.some((pattern) => pattern.test(name)))
      .toSorted();

  it('refuses whoever shows no credentials, but where everybody may', async () => {
    const closed = operations.map(({ name }) => name).filter((name) => !open.includes(name));
    expect(closed.length).toBeGreaterThan(40);
    expect(await refused(null, 'auth.required')).toEqual(closed.toSorted());
  });

  it.each([
    ['viewer', [...administrative, ...running]],
    ['user', administrative],
  ] as const)('refuses a %s exactly what is not theirs', async (role, patterns) => {
    const { token } = await service.user(role);
    // What people do with their own sessions and keys would end the session that asks.
    const others = operations.filter(({ name }) => !name.includes(' /api/auth/'));
    expect(await refused(token, 'auth.forbidden', others)).toEqual(named(patterns));
  });
});
