import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MAIN = join(__dirname, '..', '..', 'dist', 'main.js');

/** A process of the service that is killed and started again. */
export class Replica {
  url: string | null = null;
  private child: ChildProcess | null = null;
  private stopped = false;

  constructor(
    readonly name: string,
    readonly dataDir: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    mkdirSync(dataDir, { recursive: true });
  }

  /** Starts it, and starts it again whenever it has ended, until `stop`. */
  async run(): Promise<void> {
    while (!this.stopped) {
      await this.once();
      // The system database may be away: whatever restarts services waits a moment, too.
      if (!this.stopped) await sleep(100);
    }
  }

  kill(): boolean {
    return this.child?.kill('SIGKILL') ?? false;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(late);
  }

  private async once(): Promise<void> {
    const child = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH, ...this.env, PORT: '0', DATA_DIR: this.dataDir, LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.child = child;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let text = '';
    child.stdout.on('data', (part) => {
      if (this.url !== null) return;
      text += String(part);
      this.url = /Sluice is ready: (\S+)\/docs/.exec(text)?.[1] ?? null;
    });
    await ended;
    this.url = null;
  }
}
