import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Running {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a Node program and waits for the line in which it says where it listens. */
export async function startProgram(
  file: string,
  env: Record<string, string>,
  urlOf: (line: string) => string | null,
  nodeOptions: readonly string[] = [],
): Promise<Running> {
  // As `npm start` has it, for each program. BENCH_NODE_OPTIONS=--cpu-prof writes a profile of each.
  const options = ['--max-semi-space-size=64', ...wordsOf(process.env.BENCH_NODE_OPTIONS)];
  const child = spawn(process.execPath, [...options, ...nodeOptions, file], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await firstUrl(child, urlOf);
  return {
    url,
    pid: child.pid!,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      child.stdin?.end();
      await exited;
    },
  };
}

async function firstUrl(child: ChildProcess, urlOf: (line: string) => string | null): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) {
    const url = urlOf(line);
    if (url) {
      lines.close();
      child.stdout!.resume();
      return url;
    }
  }
  throw new Error('the program ended before it listened');
}

/** An empty argument would be the program for Node, and an empty program is one to be read from its input. */
function wordsOf(text = ''): string[] {
  return text.split(' ').filter((word) => word !== '');
}
