import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from '../../src/database/find-free-port';

const root = path.join(__dirname, '..', '..');
const PASSWORD = 'the tour guide knows it';
const EXPECTED = /^# → (.*)$/;

interface Step {
  readonly commands: string;
  /** What the last line that the commands print holds. */
  readonly expected: unknown;
}

/** The `sh` blocks between the markers, cut behind every line that says what comes out. */
function readTour(): Step[] {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  const [, tour] = /<!-- tour -->([^]*)<!-- \/tour -->/.exec(readme) ?? [];
  const steps: Step[] = [];
  let commands = '';
  for (const [, block] of tour!.matchAll(/^```sh\n([^]*?)^```$/gm)) {
    for (const line of block!.split('\n')) {
      const [, json] = EXPECTED.exec(line) ?? [];
      if (json === undefined) commands += `${line}\n`;
      else {
        steps.push({ commands, expected: JSON.parse(json) as unknown });
        commands = '';
      }
    }
  }
  return steps;
}

/** What of an answer the README prints: the first elements of an array, the named members of an object. */
function partOf(answer: unknown, printed: unknown): unknown {
  if (Array.isArray(printed) && Array.isArray(answer))
    return answer.slice(0, printed.length).map((element, index) => partOf(element, printed[index]));
  if (!isRecord(printed) || !isRecord(answer)) return answer;
  return Object.fromEntries(Object.keys(printed).map((name) => [name, partOf(answer[name], printed[name])]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('the tour of the README', () => {
  let dataDir: string;
  let service: ChildProcess;
  let url: string;

  beforeAll(async () => {
    if (!existsSync(path.join(root, 'dist', 'main.js')))
      throw new Error('dist is missing: run `npm run build` first');
    dataDir = await mkdtemp(path.join(tmpdir(), 'sluice-tour-'));
    const port = await findFreePort();
    url = `http://127.0.0.1:${port}`;
    // An embedded database, generated secrets and samples: the start of a fresh clone.
    service = spawn(process.execPath, [path.join(root, 'dist', 'main.js')], {
      env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: String(port), ADMIN_PASSWORD: PASSWORD },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const ready = new Promise<void>((resolve) => {
      service.stdout!.on('data', (part: Buffer) => {
        output += part.toString();
        if (output.includes('Sluice is ready')) resolve();
      });
    });
    service.stderr!.on('data', (part: Buffer) => (output += part.toString()));
    const ended = once(service, 'exit').then(() => {
      throw new Error(`the service does not start: ${output}`);
    });
    ended.catch(() => undefined);
    await Promise.race([ready, ended]);
  }, 60_000);
  afterAll(async () => {
    if (service.exitCode === null) {
      service.kill('SIGTERM');
      await once(service, 'exit');
    }
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);

  it('runs as it is printed', async () => {
    const steps = readTour();
    expect(steps.length).toBeGreaterThan(10);
    const marker = '---- end of a step';
    const script = steps.map(({ commands }) => `${commands}\necho\necho '${marker}'\n`).join('');
    const { stdout } = await promisify(execFile)('bash', ['-c', `set -euo pipefail\n${script}`], {
      env: { PATH: process.env.PATH, BASE_URL: url, ADMIN_PASSWORD: PASSWORD },
    });
    const printed = stdout.split(marker).slice(0, -1);
    const answers = printed.map((text) => JSON.parse(text.trim().split('\n').at(-1)!) as unknown);
    expect(answers.map((answer, index) => partOf(answer, steps[index]!.expected))).toEqual(
      steps.map(({ expected }) => expected),
    );
  }, 60_000);
});
