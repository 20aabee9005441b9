import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import mongoose from 'mongoose';
import { startEmbeddedMongodb } from './embedded-mongodb/start';

export interface StartedMongodb {
  readonly engine: 'mongodb';
  /** Of an administrator; the database is the caller's to choose. */
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

/** `TEST_MONGODB_URL`, else `mongod` on the PATH, else the engine out of the npm package (a dev dependency). */
export async function startMongodb(dir: string): Promise<StartedMongodb> {
  const given = process.env['TEST_MONGODB_URL'];
  if (given)
    return { engine: 'mongodb', url: given, version: await versionOf(given), stop: async () => undefined };
  const started = hasMongod() ? await startMongod(dir) : await startEmbeddedMongodb(dir);
  return { engine: 'mongodb', version: await versionOf(started.url), ...started };
}

function hasMongod(): boolean {
  return spawnSync('mongod', ['--version'], { stdio: 'ignore' }).status === 0;
}

async function versionOf(url: string): Promise<string> {
  const connection = await mongoose.createConnection(url, { serverSelectionTimeoutMS: 15_000 }).asPromise();
  try {
    return String((await connection.getClient().db('admin').command({ buildInfo: 1 }))['version']);
  } finally {
    await connection.close();
  }
}

async function startMongod(dir: string): Promise<{ url: string; stop: () => Promise<void> }> {
  mkdirSync(dir, { recursive: true });
  const port = await freePort();
  // the shell reads a pipe that this process holds: when this process dies in any way, mongod is told to stop
  const supervised = '"$@" </dev/null >/dev/null 2>&1 & P=$!; cat >/dev/null; kill -INT $P; wait $P';
  const mongod = ['mongod', '--dbpath', dir, '--port', String(port), '--bind_ip', '127.0.0.1', '--auth'];
  const shell = spawn('/bin/sh', ['-c', supervised, 'mongod', ...mongod], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const password = randomBytes(12).toString('hex');
  // the localhost exception allows the first user without credentials
  const local = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  const connection = await mongoose.createConnection(local, { serverSelectionTimeoutMS: 30_000 }).asPromise();
  await connection
    .getClient()
    .db('admin')
    .command({ createUser: 'root', pwd: password, roles: ['root'] });
  await connection.close();
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return {
    url: `mongodb://root:${password}@127.0.0.1:${port}/?authSource=admin&directConnection=true`,
    async stop() {
      if (shell.exitCode !== null) return;
      const exited = once(shell, 'exit');
      shell.stdin.end();
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
