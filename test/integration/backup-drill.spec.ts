import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { removeOldBackups } from '../../src/modules/backup/write-backup';
import { RootJob } from '../../src/modules/ledger/root.job';
import { startService } from '../../src/start-service';
import { postgresqlEngine, type SqlEngine } from '../e2e/engines';
import { ADMIN, startTestService, type TestService } from '../e2e/service';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

const MAIN = join(__dirname, '..', '..', 'dist', 'modules', 'backup');

describe('backup and restore', () => {
  let service: TestService;
  let engine: SqlEngine;
  let connectionId: string;
  let dir: string;
  const targets: FreshDatabase[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-backup-'));
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
    for (const target of targets) await target.drop();
    rmSync(dir, { recursive: true, force: true });
  });

  const empty = async (): Promise<string> => {
    const target = await freshPostgresDatabase();
    targets.push(target);
    return target.url;
  };
  const environment = (databaseUrl: string): Record<string, string> => ({
    DATABASE_URL: databaseUrl,
    DATA_DIR: dir,
    ENCRYPTION_KEYS: service.config.encryptionKeys
      .map(({ id, key }) => `${id}:${key.toString('base64')}`)
      .join(),
    AUDIT_SIGNING_KEY: service.config.auditSigningSeed.toString('base64'),
  });
  const run = async (
    command: string,
    args: string[],
    url: string,
  ): Promise<{ code: number; text: string }> => {
    const child = spawn(process.execPath, [join(MAIN, `${command}.main.js`), ...args], {
      env: environment(url),
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += String(part)));
    const code = await new Promise<number>((resolve) => child.once('exit', resolve));
    return { code, text };
  };
  const backup = async (...args: string[]): Promise<string> => {
    const { code, text } = await run('backup', ['--dir', dir, ...args], service.database.url);
    expect([code, text]).toEqual([0, expect.stringContaining('.ndjson.gz: ')]);
    return text.slice(0, text.indexOf(': '));
  };
  const ask = (query: string, on = service.url, token = service.admin): Promise<Response> =>
    fetch(`${on}/api/database/query`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ connectionId, query, cache: 'bypass' }),
    });

  it('bring back a service that was backed up under load, with its record, log-ins and connections', async () => {
    await service.user('user', 'kept');
    const stop = new AbortController();
    let asked = 0;
    const load = Array.from({ length: 6 }, async () => {
      for (; !stop.signal.aborted; asked++) expect((await ask(`SELECT ${asked} AS n`)).status).toBe(200);
    });
    await service.service.app.get(RootJob).run();
    const before = asked;
    const file = await backup();
    expect(asked).toBeGreaterThan(before);
    stop.abort();
    await Promise.all(load);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const url = await empty();
    const restored = await run('restore', [file], url);
    expect(restored.text).toMatch(/audit_logs: \d+ rows\n[^]*under 1 roots[^]*\nOK\n$/);
    expect(restored.code).toBe(0);
    const again = await startService(
      { ...service.config, databaseUrl: url, auditRootsFile: join(dir, 'roots.ndjson') },
      { log: { stream: { write: () => undefined }, readable: false } },
    );
    try {
      const login = await fetch(`${again.url}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ADMIN),
      });
      const { accessToken } = (await login.json()) as { accessToken: string };
      const answer = await ask('SELECT 42 AS answer', again.url, accessToken);
      expect(await answer.json()).toMatchObject({ success: true, data: [{ answer: 42 }] });
    } finally {
      await again.close();
    }
  });

  it('leave what is sealed sealed', async () => {
    const text = gunzipSync(readFileSync(await backup())).toString();
    expect(text).toContain('"ciphertext"');
    const { password } = engine.target as { password?: string };
    expect(password).toBeDefined();
    expect(text).not.toContain(password);
  });

  it('carry the schema alone when told to', async () => {
    const file = await backup('--schema-only');
    const url = await empty();
    const { code, text } = await run('restore', [file], url);
    expect([code, text]).toEqual([0, expect.stringMatching(/^0 records[^]*OK\n$/)]);
    expect(await run('restore', [file], url)).toMatchObject({ code: 0 });
  });

  it('refuse a file that is damaged or cut off, and a database that is not empty, and leave it as it was', async () => {
    const file = await backup();
    const whole = readFileSync(file);
    const url = await empty();
    writeFileSync(file, whole.subarray(0, -100));
    expect(await run('restore', [file], url)).toMatchObject({
      code: 1,
      text: expect.stringContaining('SHA-256'),
    });
    rmSync(`${file}.sha256`);
    expect((await run('restore', [file], url)).code).toBe(1);
    const lines = gunzipSync(whole).toString().trim().split('\n');
    writeFileSync(file, gzipSync(lines.slice(0, -1).join('\n')));
    expect(await run('restore', [file], url)).toMatchObject({
      code: 1,
      text: expect.stringContaining('no end'),
    });
    const at = lines.findIndex((line) => line.includes('"table":"users"')) + 1;
    writeFileSync(file, gzipSync(lines.toSpliced(at, 1).join('\n')));
    expect((await run('restore', [file], url)).code).toBe(1);
    writeFileSync(file, whole);
    expect((await run('restore', [file], url)).code).toBe(0);
    expect(await run('restore', [file], url)).toMatchObject({
      code: 1,
      text: expect.stringContaining('not empty'),
    });
  });

  it('keep backups for their days, and the newest in any case', async () => {
    const folder = mkdtempSync(join(dir, 'old-'));
    for (const day of ['01', '02', '12', '13']) {
      writeFileSync(join(folder, `sluice-202611${day}T030000Z.ndjson.gz`), '');
      writeFileSync(join(folder, `sluice-202611${day}T030000Z.ndjson.gz.sha256`), '');
    }
    writeFileSync(join(folder, 'something-else.gz'), '');
    utimesSync(join(folder, 'something-else.gz'), 0, 0);
    expect(await removeOldBackups(folder, 7, new Date('2026-11-19T04:00:00Z'))).toBe(3);
    expect(readdirSync(folder).toSorted()).toEqual([
      'sluice-20261113T030000Z.ndjson.gz',
      'sluice-20261113T030000Z.ndjson.gz.sha256',
      'something-else.gz',
    ]);
  });

  it('happen by themselves, as a job', async () => {
    const { status, body } = await service.api('POST', '/api/jobs/backup/run');
    expect([status, body.report]).toEqual([
      200,
      { bytes: expect.any(Number), rows: expect.any(Number), removed: 0 },
    ]);
    expect(readdirSync(service.config.backupDir)).toHaveLength(2);
  });
});
