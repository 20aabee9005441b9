import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module';
import { Requires } from '../../src/common/access';
import { CurrentCaller } from '../../src/common/caller.decorator';
import type { Caller } from '../../src/common/principal';
import { GroupCommit } from '../../src/database/group-commit';
import { SignalBus } from '../../src/database/signal-bus';
import { createHttpShell } from '../../src/http/http-adapter';
import { NestLog } from '../../src/http/nest-log';
import { createServiceLog } from '../../src/http/service-log';
import { AuthModule } from '../../src/modules/auth/auth.module';
import { SessionService } from '../../src/modules/auth/session.service';
import { startTestService, type TestService, type TestUser } from '../e2e/service';
import { testConfig } from '../e2e/test-config';

@Controller('probe')
class ProbeController {
  constructor(
    private readonly sessions: SessionService,
    private readonly groupCommit: GroupCommit,
  ) {}

  @Get('silent')
  silent(): string {
    return 'reached';
  }

  /** Uses the cached session and checks nothing more: only to see what the cache says. */
  @Get('cached')
  @Requires('query.run', { session: 'cached' })
  cached(@CurrentCaller() { principal }: Caller): string {
    return principal.role;
  }

  /** As the query route does it. */
  @Get('committed')
  @Requires('query.run', { session: 'cached' })
  async committed(@CurrentCaller() { principal }: Caller): Promise<string> {
    await this.groupCommit.write([], [this.sessions.aliveCheck(principal)]);
    return principal.role;
  }
}

@Module({ imports: [AuthModule], controllers: [ProbeController] })
class ProbeModule {}

describe('the guard', () => {
  let service: TestService;
  let app: NestFastifyApplication;
  let url: string;
  let database: DataSource;
  const lines: string[] = [];

  beforeAll(async () => {
    const jwtSecret = Buffer.alloc(48, 'k');
    service = await startTestService({ jwtSecret });
    const { log } = createServiceLog('error', {
      stream: { write: (line) => void lines.push(line) },
      readable: false,
    });
    const config = testConfig({ jwtSecret });
    const { adapter, filter } = createHttpShell(config, log);
    const root = AppModule.forRoot(config, {
      url: service.database.url,
      embedded: false,
      stop: async () => undefined,
    });
    app = await NestFactory.create<NestFastifyApplication>(
      { ...root, imports: [...(root.imports ?? []), ProbeModule] },
      adapter,
      { logger: new NestLog(log), abortOnError: false, bodyParser: false },
    );
    app.useGlobalFilters(filter);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    database = app.get(DataSource);
  });
  afterAll(async () => {
    await app?.close();
    await service.close();
  });

  const get = async (path: string, auth: string | { apiKey: string }): Promise<[number, string]> => {
    const response = await fetch(`${url}/probe/${path}`, {
      headers: typeof auth === 'string' ? { authorization: `Bearer ${auth}` } : { 'x-api-key': auth.apiKey },
    });
    const text = await response.text();
    return [response.status, text.startsWith('{') ? JSON.parse(text).code : text];
  };

  async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
    for (let n = 0; n < 200; n += 1) {
      if (await condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('it never came to that');
  }

  /** Ends the session as nobody does, without a signal: what a replica sees whose signal was lost. */
  const endSilently = (user: TestUser) =>
    database.query('UPDATE user_sessions SET ended_at = now() WHERE user_id = $1', [user.id]);

  it('lets nobody into a route that states no right, administrators neither', async () => {
    expect(await get('silent', service.admin)).toEqual([403, 'auth.forbidden']);
    expect(lines.join()).toContain('GET /probe/silent states no right');
  });

  it('refuses roles without the right', async () => {
    const viewer = await service.user('viewer');
    expect(await get('cached', viewer.token)).toEqual([403, 'auth.forbidden']);
  });

  it('believes a cached session on no route that commits', async () => {
    const user = await service.user('user');
    expect([await get('cached', user.token), await get('committed', user.token)]).toEqual([
      [200, 'user'],
      [200, 'user'],
    ]);
    await endSilently(user);
    expect(await get('cached', user.token)).toEqual([200, 'user']);
    expect(await get('committed', user.token)).toEqual([401, 'auth.session_ended']);
  });

  it.each([
    ['switched off', 'UPDATE users SET is_active = false WHERE id = $1'],
    ['demoted', `UPDATE users SET role = 'viewer' WHERE id = $1`],
    ['renamed', `UPDATE users SET username = username || '-new' WHERE id = $1`],
    ['removed', 'DELETE FROM users WHERE id = $1'],
    [
      'out of time',
      `UPDATE user_sessions SET created_at = now() - interval '2 h', expires_at = now() - interval '1 s' WHERE user_id = $1`,
    ],
  ])('commits nothing for a user who was just %s', async (_, change) => {
    const user = await service.user('user');
    expect(await get('committed', user.token)).toEqual([200, 'user']);
    await database.query(change, [user.id]);
    expect(await get('committed', user.token)).toEqual([401, 'auth.session_ended']);
  });

  it.each([
    ['revoked', 'UPDATE api_keys SET revoked_at = now() WHERE user_id = $1'],
    ['expired', `UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE user_id = $1`],
    ['of somebody demoted', `UPDATE users SET role = 'viewer' WHERE id = $1`],
  ])('commits nothing for a key that was just %s', async (_, change) => {
    const user = await service.user('user');
    const { key } = (await service.api('POST', '/api/auth/api-keys', { name: 'k' }, user.token)).body;
    expect(await get('committed', { apiKey: key })).toEqual([200, 'user']);
    await database.query(change, [user.id]);
    expect(await get('committed', { apiKey: key })).toEqual([401, 'auth.invalid_api_key']);
  });

  it('takes a cached token for no key, and a key for no token', async () => {
    const user = await service.user('user');
    const { key } = (await service.api('POST', '/api/auth/api-keys', { name: 'k' }, user.token)).body;
    for (const auth of [user.token, { apiKey: key }]) expect((await get('cached', auth))[0]).toBe(200);
    expect(await get('cached', { apiKey: user.token })).toEqual([401, 'auth.invalid_api_key']);
    expect(await get('cached', key)).toEqual([401, 'auth.invalid_token']);
  });

  it('drops from the cache what another replica ended', async () => {
    const [ended, demoted, revoked] = [
      await service.user('user'),
      await service.user('user'),
      await service.user('user'),
    ];
    const { id, key } = (await service.api('POST', '/api/auth/api-keys', { name: 'k' }, revoked.token)).body;
    for (const auth of [ended.token, demoted.token, { apiKey: key }])
      expect((await get('cached', auth))[0]).toBe(200);
    await service.api('POST', '/api/auth/logout', undefined, ended.token);
    await service.api('PATCH', `/api/users/${demoted.id}`, { role: 'viewer' });
    await service.api('DELETE', `/api/auth/api-keys/${id}`, undefined, revoked.token);
    await until(async () => (await get('cached', ended.token))[0] === 401);
    await until(async () => (await get('cached', demoted.token))[0] === 403);
    await until(async () => (await get('cached', { apiKey: key }))[0] === 401);
  });

  it('believes no cache after signals may have been missed', async () => {
    const user = await service.user('user');
    expect((await get('cached', user.token))[0]).toBe(200);
    await endSilently(user);
    expect((await get('cached', user.token))[0]).toBe(200);
    const bus = app.get(SignalBus);
    let gaps = 0;
    bus.onGap(() => (gaps += 1));
    await service.service.app.get(DataSource).query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query = 'LISTEN sluice'`,
    );
    await until(() => gaps > 0);
    expect(await get('cached', user.token)).toEqual([401, 'auth.session_ended']);
    await until(() => bus.isLive);
  });
});
