import { mkdirSync } from 'node:fs';
import path from 'node:path';
import mongoose from 'mongoose';
import { findFreePort } from '../../src/database/find-free-port';
import { supervise } from '../../src/database/supervise';
import { findProgram } from './command';
import { startEmbeddedMongodb } from './embedded-mongodb/start';
import { urlFromEnvironment, type StartedServer } from './engine';
import { randomPassword } from './random-password';
import { untilReady } from './until-ready';

/** `TEST_MONGODB_URL`, else `mongod` on the PATH, else the engine out of the npm package (a dev dependency). */
export async function startMongodb(dir: string): Promise<StartedServer> {
  const url = urlFromEnvironment('mongodb');
  if (url) return { engine: 'mongodb', url, version: await versionOf(url), stop: async () => undefined };
  const program = findProgram('mongod');
  const password = randomPassword();
  return program
    ? startMongod(program, dir, password)
    : startEmbedded(path.join(dir, 'data'), { username: 'root', password });
}

async function startEmbedded(
  dir: string,
  account: { username: string; password: string },
): Promise<StartedServer> {
  const server = await startEmbeddedMongodb(dir, account);
  const url = addressOf(server.port, account.password);
  return { engine: 'mongodb', url, version: await versionOf(url), stop: () => server.stop() };
}

async function startMongod(program: string, dir: string, password: string): Promise<StartedServer> {
  const data = path.join(dir, 'data');
  mkdirSync(data, { recursive: true });
  const port = await findFreePort();
  const settings = ['--dbpath', data, '--port', String(port), '--bind_ip', '127.0.0.1', '--auth'];
  const server = supervise([program, ...settings], {
    stopSignal: 'SIGTERM',
    logFile: path.join(dir, 'mongod.log'),
    removeAfterwards: dir,
  });
  await untilReady('MongoDB', () => createAdministrator(port, password), server);
  const url = addressOf(port, password);
  return { engine: 'mongodb', url, version: await versionOf(url), stop: () => server.stop() };
}

/** The localhost exception allows the first user without credentials. */
async function createAdministrator(port: number, password: string): Promise<void> {
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  await withClient(url, (admin) => admin.command({ createUser: 'root', pwd: password, roles: ['root'] }));
}

function addressOf(port: number, password: string): string {
  return `mongodb://root:${password}@127.0.0.1:${port}/?authSource=admin&directConnection=true`;
}

async function versionOf(url: string): Promise<string> {
  const info = await withClient(url, (admin) => admin.command({ buildInfo: 1 }));
  return String(info['version']);
}

async function withClient<T>(url: string, work: (admin: mongoose.mongo.Db) => Promise<T>): Promise<T> {
  const connection = mongoose.createConnection(url, { serverSelectionTimeoutMS: 2_000 });
  try {
    await connection.asPromise();
    return await work(connection.getClient().db('admin'));
  } finally {
    await connection.close();
  }
}
