import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../src/database/find-free-port';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

const MAIN = join(__dirname, '..', '..', 'dist', 'main.js');

interface Process {
  readonly child: ChildProcess;
  readonly url: string;
  readonly output: () => string;
  /** Exit code, or the signal that ended it. */
  readonly ended: () => Promise<number | string>;
}

describe('the process', () => {
  let database: FreshDatabase;
  let dataDir: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('dist is missing: run `npm run build` first');
    database = await freshPostgresDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'sluice-process-'));
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function start(env: Record<string, string> = {}): Promise<Process> {
    const port = await findFreePort();
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        DATA_DIR: dataDir,
        DATABASE_URL: database.url,
        SAMPLES: 'false',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let text = '';
    child.stdout.on('data', (part: Buffer) => (text += part.toString()));
    child.stderr.on('data', (part: Buffer) => (text += part.toString()));
    const exit = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
    const url = `http://127.0.0.1:${env.PORT ?? port}`;
    const ready = async (): Promise<void> => {
      const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
      while (!text.includes('Sluice is ready') && !gone())
        await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await Promise.race([ready(), exit]);
    return { child, url, output: () => text, ended: () => exit };
  }

  it('prints the password it made up once, says where it is, and stops with 0', async () => {
    const first = await start();
    const [, password] = /password: (\S{20})/.exec(first.output()) ?? [];
    const jsonLines = first
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(jsonLines.join()).not.toContain(password);
    expect(jsonLines.map((line) => JSON.parse(line).msg)).toContain(`Sluice is ready: ${first.url}/docs`);
    const login = await fetch(`${first.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password }),
    });
    expect(login.status).toBe(200);
    first.child.kill('SIGINT');
    expect(await first.ended()).toBe(0);

    const second = await start();
    expect(second.output()).not.toContain('password:');
    const me = await fetch(`${second.url}/api/auth/me`, {
      headers: { authorization: `Bearer ${((await login.json()) as { accessToken: string }).accessToken}` },
    });
    expect(me.status).toBe(200);
    second.child.kill('SIGTERM');
    expect(await second.ended()).toBe(0);
  });

  it('answers every request that it took when SIGTERM comes', async () => {
    const { child, url, ended } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const send = (): Promise<number | string> =>
      new Promise((resolve) => {
        const sent = request(`${url}/api/auth/login`, {
          agent,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
        });
        sent.on('response', (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
          response.on('error', (error: NodeJS.ErrnoException) => resolve(`cut: ${error.code}`));
        });
        sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        sent.end(JSON.stringify({ username: `nobody-${Math.random()}`, password: 'takes 25 ms to refuse' }));
      });
    const answers: (number | string)[] = [];
    const clients = Array.from({ length: 16 }, async () => {
      for (let last: number | string = 0; last !== 'ECONNREFUSED';) answers.push((last = await send()));
    });
    while (answers.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGTERM');
    await Promise.all(clients);
    expect(await ended()).toBe(0);
    agent.destroy();
    // Refused at the door is all that may happen beside an answer: 401, or 429 once the address has failed too often.
    const others = answers.filter((answer) => ![401, 429, 'ECONNREFUSED'].includes(answer));
    expect(others).toEqual([]);
  });

  it('ends at once at the second signal', async () => {
    const { child, url, ended } = await start({ SHUTDOWN_GRACE_MS: '600000' });
    // A request whose body never ends keeps the first signal waiting.
    const held = request(`${url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 100 },
    });
    held.on('error', () => undefined);
    held.write('{');
    await new Promise((resolve) => setTimeout(resolve, 200));
    child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(child.exitCode).toBeNull();
    child.kill('SIGTERM');
    expect(await ended()).toBe(1);
  });

  describe('when something goes wrong in it', () => {
    /** Throws where nobody catches, at a signal. */
    const faulty = async (): Promise<Process> => {
      const fault = join(dataDir, 'fault.js');
      await writeFile(fault, `process.on('SIGUSR2', () => { throw new Error('a bug'); });`);
      return start({ NODE_OPTIONS: `--require ${fault}` });
    };

    it('has said so, and everything before it, when it ends', async () => {
      const { child, output, ended } = await faulty();
      const closed = once(child, 'close');
      child.kill('SIGUSR2');
      expect(await ended()).toBe(1);
      await closed;
      const messages = output()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line).msg);
      expect(messages.slice(-2)).toEqual(['uncaught exception', 'stopping: answering what was accepted']);
    });

    it('ends with nobody there to read its output, too', async () => {
      const { child, ended } = await faulty();
      child.stdout!.destroy();
      child.kill('SIGUSR2');
      expect(await ended()).toBe(1);
    });
  });

  it('goes on when the reader of its output goes away, and still stops with 0', async () => {
    const { child, url, ended } = await start();
    child.stdout!.destroy();
    expect((await fetch(`${url}/api/auth/me`)).status).toBe(401);
    child.kill('SIGTERM');
    expect(await ended()).toBe(0);
  });

  it('names what is wrong with its environment, and no values', async () => {
    const { output, ended } = await start({
      NODE_ENV: 'production',
      PORT: 'canary',
      ENCRYPTION_KEYS: 'canary',
    });
    expect(await ended()).toBe(1);
    expect(output()).toMatch(/PORT must be/);
    expect(output()).toMatch(/JWT_SECRET must be set/);
    expect(output()).not.toContain('canary');
  });

  it('says so when the port is taken', async () => {
    const first = await start();
    const { output, ended } = await start({ PORT: new URL(first.url).port });
    expect(await ended()).toBe(1);
    expect(output()).toContain('EADDRINUSE');
    first.child.kill('SIGTERM');
    expect(await first.ended()).toBe(0);
  });

  describe('its OpenAPI document', () => {
    let service: Process;
    let document: any;
    beforeAll(async () => {
      service = await start();
      document = await (await fetch(`${service.url}/openapi.json`)).json();
    });
    afterAll(async () => {
      service.child.kill('SIGTERM');
      await service.ended();
    });

    const operations = (): [string, any][] =>
      Object.entries<any>(document.paths).flatMap(([path, item]) =>
        Object.entries<any>(item).map(([method, operation]): [string, any] => [
          `${method} ${path}`,
          operation,
        ]),
      );
    const resolve = (schema: any): any =>
      schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema;

    it('is of version 3.1 and points nowhere outside itself', () => {
      expect(document.openapi).toBe('3.1.0');
      const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!);
      const names = Object.keys(document.components.schemas);
      const broken = refs.filter((ref) => !names.includes(ref.replace('#/components/schemas/', '')));
      expect(broken).toEqual([]);
      expect(JSON.stringify(document)).not.toContain('"nullable":true');
    });

    it('has an example for every body and describes every answer', () => {
      const without = operations().filter(([, { requestBody }]) => {
        const media = requestBody?.content['application/json'];
        if (!media) return false;
        const schema = resolve(media.schema);
        const hasExample = (name: string): boolean => resolve(schema.properties[name]).example !== undefined;
        const required: string[] = schema.required ?? [];
        const members = required.length > 0 && required.every(hasExample);
        // Of a change nothing is required: one member shows how.
        const change = required.length === 0 && Object.keys(schema.properties ?? {}).some(hasExample);
        return !(media.example ?? media.examples ?? schema.example ?? (members || change));
      });
      expect(without.map(([name]) => name)).toEqual([]);
      const mute = operations().filter(([, { summary, responses }]) => !summary || !responses.default);
      expect(mute.map(([name]) => name)).toEqual([]);
    });

    it('says which operations are open', () => {
      const open = operations().filter(([, { security }]) => !security?.length);
      expect(open.map(([name]) => name).toSorted()).toEqual([
        'get /api/health/live',
        'get /api/health/ready',
        'post /api/auth/login',
        'post /api/auth/refresh',
      ]);
    });

    it('is shown by a page of the service’s own files, under its policy', async () => {
      const page = await fetch(`${service.url}/docs`);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
      const html = await page.text();
      const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!);
      expect(files.length).toBeGreaterThan(3);
      for (const file of files) {
        const url = new URL(file, page.url);
        expect(url.origin).toBe(service.url);
        expect([file, (await fetch(url)).status]).toEqual([file, 200]);
      }
      // Inline scripts would be stopped by the policy.
      expect(html).not.toMatch(/<script>|<script(?![^>]*src=)/);
    });
  });
});
