import path from 'node:path';
import Redis from 'ioredis';
import { findFreePort } from '../../src/database/find-free-port';
import { supervise } from '../../src/database/supervise';
import { startContainer } from './compose';
import { urlFromEnvironment, type StartedServer } from './engine';
import { obtain } from './obtain';
import { randomPassword } from './random-password';
import { untilReady } from './until-ready';

export async function startRedis(dir: string): Promise<StartedServer> {
  const url = urlFromEnvironment('redis');
  if (url) return { engine: 'redis', url, version: await versionOf(url), stop: async () => undefined };
  const password = randomPassword();
  const source = await obtain({
    program: 'redis-server',
    packages: ['redis-server', 'redis-tools'],
    name: 'Redis',
    engine: 'redis',
  });
  if (source === 'compose') {
    const container = await startContainer('redis', 6379, password, dir);
    const address = addressOf(container.port, password);
    const version = await untilReady('Redis', () => versionOf(address));
    return { engine: 'redis', url: address, version, stop: () => container.stop() };
  }
  const port = await findFreePort();
  const address = addressOf(port, password);
  const command = [source.program, '--port', String(port), '--bind', '127.0.0.1', '--dir', dir];
  const settings = ['--save', '', '--appendonly', 'no', '--requirepass', password, '--maxmemory', '64mb'];
  const server = supervise([...command, ...settings], {
    stopSignal: 'SIGTERM',
    logFile: path.join(dir, 'redis.log'),
    removeAfterwards: dir,
  });
  const version = await untilReady('Redis', () => versionOf(address), server);
  return { engine: 'redis', url: address, version, stop: () => server.stop() };
}

function addressOf(port: number, password: string): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

async function versionOf(url: string): Promise<string> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? '';
  } finally {
    client.disconnect();
  }
}
