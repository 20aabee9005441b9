import { startTestService, type TestService } from '../e2e/service';
import { testServer } from '../servers/servers';

describe.each(['PostgreSQL', 'Redis'])('the log-in throttle on %s', (store) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService({
      trustedProxies: ['127.0.0.1'],
      redisUrl: store === 'Redis' ? testServer('redis').url : null,
    });
  });
  afterAll(() => service?.close());

  const login = async (
    username: string,
    password: string,
    address: string,
    on = service,
  ): Promise<number> => {
    const response = await fetch(`${on.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({ username, password }),
    });
    return response.status;
  };
  /** Addresses and names of their own for every run: Redis is shared with other suites. */
  const block = `2001:db8:${(Math.floor(Math.random() * 0xffff) + 1).toString(16)}`;
  const address = (n: number): string => `${block}:${n.toString(16)}::1`;

  it('counts for all replicas together', async () => {
    const replica = await service.replica();
    const user = await service.user('user');
    for (let n = 0; n < 5; n += 1) {
      expect(await login(user.username, 'wrong', address(1), n % 2 === 0 ? service : replica)).toBe(401);
    }
    expect(await login(user.username, user.password, address(1), replica)).toBe(429);
    expect(await login(user.username, user.password, address(1))).toBe(429);
    expect(await login(user.username, user.password, address(2))).toBe(200);
  });

  it('starts anew after a success', async () => {
    const user = await service.user('user');
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 4; n += 1) expect(await login(user.username, 'wrong', address(3))).toBe(401);
      expect(await login(user.username, user.password, address(3))).toBe(200);
    }
  });

  it('does not lock out the owner of an account that many addresses guess at', async () => {
    const user = await service.user('user');
    expect(await login(user.username, user.password, address(10))).toBe(200);
    for (let n = 0; n < 50; n += 1) expect(await login(user.username, 'wrong', address(100 + n))).toBe(401);
    expect(await login(user.username, user.password, address(200))).toBe(429);
    expect(await login(user.username, user.password, address(10))).toBe(200);
  });

  it('stops an address that tries many accounts, but not who has logged in from there', async () => {
    const user = await service.user('user');
    expect(await login(user.username, user.password, address(20))).toBe(200);
    for (let n = 0; n < 50; n += 1) expect(await login(`guessed-${n}`, 'wrong', address(20))).toBe(401);
    expect(await login('guessed-50', 'wrong', address(20))).toBe(429);
    expect(await login(user.username, user.password, address(20))).toBe(200);
    // The /64 is one customer.
    expect(await login('guessed-51', 'wrong', address(20).replace('::1', '::2'))).toBe(429);
  });

  it('treats accounts that do not exist like those that do', async () => {
    const name = `nobody-${block.replaceAll(':', '-')}`;
    const codes = [];
    for (let n = 0; n < 6; n += 1) codes.push(await login(name, 'wrong', address(30)));
    expect(codes).toEqual([401, 401, 401, 401, 401, 429]);
  });

  it('lets nobody through in parallel that it would stop in turn', async () => {
    const user = await service.user('user');
    const codes = await Promise.all(
      Array.from({ length: 60 }, (_, n) => login(user.username, `wrong ${n}`, address(40))),
    );
    // Two are hashed at a time, so at most one guess more than in turn is tried.
    expect(codes.filter((code) => code === 401).length).toBeLessThanOrEqual(6);
    expect(codes.filter((code) => code === 429).length).toBeGreaterThanOrEqual(54);
  });
});
