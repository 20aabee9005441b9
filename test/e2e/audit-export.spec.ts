import { spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { DataSource } from 'typeorm';
import { RootJob } from '../../src/modules/ledger/root.job';
import { SigningKey } from '../../src/modules/ledger/signing-key';
import { LedgerVerifier } from '../../src/modules/ledger/verify/ledger-verifier';
import type { Verdict } from '../../src/modules/ledger/verify/finding';
import { startTestService, type Answer, type TestService } from './service';

const MAIN = join(__dirname, '..', '..', 'dist', 'modules', 'ledger', 'verify', 'main.js');

describe('GET /api/audit/export', () => {
  let service: TestService;
  let dir: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-export-'));
    service = await startTestService();
    for (let n = 0; n < 30; n++) {
      await service.api('PATCH', '/api/settings/slow_query_ms', { value: 1000 + n });
      if (n % 10 === 0) await service.service.app.get(RootJob).run();
    }
    await fetch(`${service.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': '=1+1,"quoted"' },
      body: JSON.stringify({ username: 'nobody', password: 'a wrong pass phrase' }),
    });
  });
  afterAll(async () => {
    await service?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const exported = (query = ''): Promise<Answer> => service.api('GET', `/api/audit/export${query}`);
  const key = (): SigningKey => new SigningKey(service.config.auditSigningSeed);
  const verify = (text: string): Verdict => {
    const verifier = new LedgerVerifier({ keys: new Map([[key().id, createPublicKey(key().publicPem)]]) });
    for (const line of text.split('\n')) verifier.add(line);
    return verifier.finish();
  };
  const lines = (text: string): any[] =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  /** The command, with no environment that would tell it of a database. */
  const command = (args: readonly string[], env: Record<string, string> = {}) => {
    const result = spawnSync(process.execPath, [MAIN, ...args], {
      encoding: 'utf8',
      env: { PATH: '', ...env },
    });
    return { code: result.status, text: result.stdout + result.stderr };
  };

  it('gives the whole ledger, which verifies, and is itself on record', async () => {
    const { status, headers, text } = await exported();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/x-ndjson');
    const verdict = verify(text);
    expect(verdict).toMatchObject({ problems: 0, roots: 3, complete: true });
    const own = lines(text).filter(({ record }) => record?.action === 'audit.export');
    expect(own.map(({ record }) => record.id)).toEqual([headers.get('x-audit-id')]);
    const { body } = await service.api('GET', '/api/audit?limit=200');
    expect(verdict.records).toBe(body.items.length);
  });

  it('goes on after a root where another export ended', async () => {
    const { text } = await exported('?afterRoot=2');
    expect(verify(text)).toMatchObject({ problems: 0, roots: 1 });
    expect(lines(text)[0].after.number).toBe(2);
  });

  it('gives what filters choose, each record with what it takes to check it', async () => {
    const { text } = await exported('?action=setting.*&result=success');
    const records = lines(text).filter(({ type }) => type === 'record');
    expect(records).toHaveLength(30);
    expect(new Set(records.map(({ record }) => record.action))).toEqual(new Set(['setting.update']));
    expect(verify(text)).toMatchObject({ problems: 0, records: 30, complete: false });
    expect(verify(text.replace('"to":1003', '"to":1004')).findings).toMatchObject([{ kind: 'edited' }]);
  });

  it('gives CSV in which nothing runs', async () => {
    const { headers, text } = await exported('?format=csv&action=auth.login&result=failure');
    expect(headers.get('content-type')).toContain('text/csv');
    const [head, row, ...rest] = text.split('\r\n');
    expect(head).toMatch(/^at,id,actorId,.*,link$/);
    expect(row).toContain(`,"'=1+1,""quoted""",`);
    expect(rest).toEqual(['']);
  });

  it.each([
    '?format=xml',
    '?afterRoot=-1',
    '?afterRoot=1&format=csv',
    '?afterRoot=1&action=x',
    '?userId=me',
    '?limit=5',
  ])('refuses %s', async (query) => {
    expect((await exported(query)).body.code).toBe('request.invalid');
  });

  it('lets its snapshot and its session go when the reader hangs up', async () => {
    const sessions = async (): Promise<number> =>
      Number(
        (
          await service.service.app
            .get(DataSource)
            .query(
              `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sluice ledger' AND datname = current_database()`,
            )
        )[0].count,
      );
    const answers = Array.from(
      { length: 3 },
      () =>
        new Promise<void>((resolve, reject) => {
          const sent = request(`${service.url}/api/audit/export`, {
            headers: { authorization: `Bearer ${service.admin}` },
          });
          sent.on('response', (response) => {
            response.destroy();
            resolve();
          });
          sent.on('error', reject);
          sent.end();
        }),
    );
    await Promise.all(answers);
    for (let n = 0; n < 100 && (await sessions()) > 0; n++) await sleep(30);
    expect(await sessions()).toBe(0);
    expect((await exported()).status).toBe(200);
  });

  describe('npm run audit:verify', () => {
    let file: string;
    let keyFile: string;
    beforeAll(async () => {
      [file, keyFile] = [join(dir, 'audit.ndjson'), join(dir, 'key.pem')];
      writeFileSync(file, (await exported()).text);
      writeFileSync(keyFile, JSON.stringify((await service.api('GET', '/api/audit/keys')).body));
    });

    it('checks a file with the public key, without database or service', () => {
      const roots = service.config.auditRootsFile;
      const { code, text } = command([file, '--key', keyFile, '--roots', roots]);
      expect(text).toMatch(/^\d+ records in 1 chains under 3 roots[^]*\nOK\n$/);
      expect(code).toBe(0);
    });

    it('says which record was edited, also in a packed file, and fails', async () => {
      const text = (await exported()).text.replace('"to":1007', '"to":1008');
      writeFileSync(`${file}.gz`, gzipSync(text));
      const result = command([`${file}.gz`, '--key', keyFile]);
      expect(result.text).toMatch(
        /WRONG \(edited\): record \d+ of chain \S+ \(\S+\) was edited[^]*NOT OK: 1 problems/,
      );
      expect(result.code).toBe(1);
    });

    it.each([
      [['/no/such/file', '--key', '/no/such/key'], 'ENOENT'],
      [['only-a-file'], 'public key'],
    ])('says what it lacks: %j', (args, reason) => {
      const { code, text } = command(args);
      expect(text).toContain(reason);
      expect(code).toBe(2);
    });

    it('checks the database, and names records that somebody put or changed there', async () => {
      const env = {
        DATABASE_URL: service.database.url,
        AUDIT_SIGNING_KEY: service.config.auditSigningSeed.toString('base64'),
        AUDIT_ROOTS_FILE: service.config.auditRootsFile,
        DATA_DIR: dir,
      };
      expect(command([], env)).toMatchObject({ code: 0, text: expect.stringContaining('\nOK\n') });
      const source = service.service.app.get(DataSource);
      // With nothing but the right to insert.
      await source.query(
        `INSERT INTO audit_logs (id, action, result) VALUES (gen_random_uuid(), 'forged.alone', 'success')`,
      );
      await source.query(
        `INSERT INTO audit_logs (id, action, result, version, chain_id, chain_seq, entry_hash)
         SELECT gen_random_uuid(), 'forged.linked', 'success', 1, chain_id, chain_seq, entry_hash
         FROM audit_logs WHERE chain_seq = 5 LIMIT 1`,
      );
      await source.query(
        `INSERT INTO audit_logs (id, action, result, version, chain_id, chain_seq, entry_hash)
         VALUES (gen_random_uuid(), 'forged.chain', 'success', 1, gen_random_uuid(), 1, sha256('x'))`,
      );
      const { code, text } = command([], env);
      expect(code).toBe(1);
      expect(text).toMatch(/record \S+ is in no chain/);
      expect(text).toMatch(/record 5 of chain \S+ comes again/);
      expect(text).toMatch(/NOT OK: 3 problems/);
    });
  });
});
