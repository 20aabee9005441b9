import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { supervise } from '../../src/database/supervise';
import { run } from './command';

const file = path.join(__dirname, 'docker-compose.yml');

/** Whether a docker engine answers and its client knows compose. */
export async function canCompose(): Promise<boolean> {
  try {
    await run('docker', ['compose', 'version'], { timeout: 10_000 });
    await run('docker', ['info'], { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** Starts one service of the compose file under a project name of its own; compose picks the port. */
export async function startContainer(
  service: string,
  containerPort: number,
  password: string,
  dir: string,
): Promise<{ port: number; stop(): Promise<void> }> {
  const compose = ['compose', '-p', `sluice-test-${randomBytes(4).toString('hex')}`, '-f', file];
  const env = { ...process.env, TEST_PASSWORD: password };
  const logFile = path.join(dir, 'compose.log');
  const server = supervise(['docker', ...compose, 'up', service], { stopSignal: 'SIGTERM', logFile, env });
  const stop = async () => {
    await server.stop();
    await run('docker', [...compose, 'down', '--volumes'], { env });
  };
  while (!server.hasExited()) {
    try {
      const { stdout } = await run('docker', [...compose, 'port', service, String(containerPort)], { env });
      const port = Number(stdout.trim().split(':').at(-1));
      if (port > 0) return { port, stop };
    } catch {
      // the image is being pulled
    }
    await sleep(250);
  }
  throw new Error(`docker compose does not start ${service}: ${server.logTail()}`);
}
