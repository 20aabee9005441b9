import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from './config';
import { ConfigError } from './config-error';

describe('loadConfig', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-config-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const problemsOf = (env: Record<string, string>): readonly string[] => {
    try {
      loadConfig({ DATA_DIR: dir, ...env });
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  };

  it('works without a single variable and keeps what it generated', () => {
    const first = loadConfig({ DATA_DIR: dir });
    const second = loadConfig({ DATA_DIR: dir });
    expect(first.port).toBe(3000);
    expect(first.host).toBe('127.0.0.1');
    expect(first.encryptionKeys[0]?.key).toHaveLength(32);
    expect(second.jwtSecret).toEqual(first.jwtSecret);
    expect(second.encryptionKeys).toEqual(first.encryptionKeys);
    expect(second.auditSigningSeed).toEqual(first.auditSigningSeed);
    expect(first.auditSigningSeed).toHaveLength(32);
    for (const file of ['secrets.json', 'audit-signing.key']) {
      expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    }
  });

  it('generates nothing in production and names what is missing', () => {
    expect(problemsOf({ NODE_ENV: 'production' }).join()).toMatch(
      /DATABASE_URL.*ENCRYPTION_KEYS.*JWT_SECRET.*AUDIT_SIGNING_KEY/,
    );
    for (const file of ['secrets.json', 'audit-signing.key']) {
      expect(() => readFileSync(join(dir, file))).toThrow('ENOENT');
    }
  });

  it('names every wrong variable without repeating its value', () => {
    const problems = problemsOf({
      PORT: 'canary-port',
      ENCRYPTION_KEYS: 'k1:canary-key',
      JWT_SECRET: 'canary-secret',
      AUDIT_SIGNING_KEY: 'canary-signing-key',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'canary-url',
      REDIS_URL: 'http://canary-host:6379',
    }).join('\n');
    for (const name of [
      'PORT',
      'ENCRYPTION_KEYS',
      'JWT_SECRET',
      'AUDIT_SIGNING_KEY',
      'LOG_LEVEL',
      'DATABASE_URL',
      'REDIS_URL',
    ])
      expect(problems).toContain(name);
    expect(problems).not.toContain('canary');
  });

  it('takes several encryption keys, the first to seal with', () => {
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((key) => key.toString('base64'));
    const config = loadConfig({ DATA_DIR: dir, ENCRYPTION_KEYS: `new:${one},old:${two}` });
    expect(config.encryptionKeys.map(({ id }) => id)).toEqual(['new', 'old']);
    expect(problemsOf({ ENCRYPTION_KEYS: `a:${one},a:${two}` }).join()).toContain('twice');
  });

  it('refuses damaged generated secrets instead of making new ones', () => {
    loadConfig({ DATA_DIR: dir });
    rmSync(join(dir, 'secrets.json'));
    require('node:fs').writeFileSync(join(dir, 'secrets.json'), '{"encryptionKeys": ');
    expect(problemsOf({}).join()).toContain('damaged');
  });
});
