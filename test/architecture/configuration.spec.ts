import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cacheKey, cacheKinds, type CacheKind } from '../../src/cache/cache-kinds';
import { loadConfig, type Config } from '../../src/config/config';
import { ConfigError } from '../../src/config/config-error';
import { settingDefinitions } from '../../src/modules/settings/setting-definitions';
import { codeOf, readDocument, sectionOf, tableRows } from './markdown-table';

const document = readDocument('docs/configuration.md');

describe('the variables of docs/configuration.md', () => {
  const rows = tableRows(sectionOf(document, '## Variables'));
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'sluice-configuration-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const load = (env: Record<string, string> = {}): Config => loadConfig({ DATA_DIR: dir, ...env });
  const bounded = rows.flatMap((row) => {
    const [, from, to] = /^(\d+) – (\d+)$/.exec(row['from – to'] ?? '') ?? [];
    return from && to ? [{ name: codeOf(row.variable)!, from: Number(from), to: Number(to) }] : [];
  });

  it('are those that the service reads', () => {
    const read = new Set<string>();
    const env = new Proxy<Record<string, string>>(
      { DATA_DIR: dir },
      {
        get(target, name: string) {
          read.add(name);
          return target[name];
        },
      },
    );
    loadConfig(env);
    expect(rows.map(({ variable }) => codeOf(variable)!).toSorted()).toEqual([...read].toSorted());
  });

  it('have the defaults that the service takes', () => {
    const defaults = rows.flatMap(({ variable, default: value }) =>
      /^`/.test(value ?? '') && codeOf(variable) !== 'DATA_DIR'
        ? [[codeOf(variable)!, codeOf(value)!] as const]
        : [],
    );
    expect(defaults.length).toBeGreaterThan(10);
    for (const [name, value] of defaults) {
      expect({ name, config: load({ [name]: value }) }).toEqual({ name, config: load() });
    }
  });

  it('keep the data in the folder named', () => {
    const row = rows.find(({ variable }) => codeOf(variable) === 'DATA_DIR');
    const production = {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgresql://localhost/sluice',
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
      JWT_SECRET: 'x'.repeat(32),
      AUDIT_SIGNING_KEY: Buffer.alloc(32).toString('base64'),
    };
    expect(loadConfig(production).dataDir).toBe(path.resolve(codeOf(row?.default)!));
  });

  it('have the bounds that the service enforces', () => {
    expect(bounded.length).toBeGreaterThan(5);
    for (const { name, from, to } of bounded) {
      for (const value of [from, to]) expect(() => load({ [name]: String(value) })).not.toThrow();
      for (const value of [from - 1, to + 1])
        expect(() => load({ [name]: String(value) })).toThrow(ConfigError);
    }
  });
});

describe('the settings of docs/configuration.md', () => {
  it('are those of the service, with their defaults, bounds and categories', () => {
    const documented = tableRows(sectionOf(document, '## Settings')).map((row) => ({
      key: codeOf(row.setting),
      default: codeOf(row.default),
      bounds: row['from – to'],
      category: codeOf(row.category),
    }));
    const defined = Object.entries(settingDefinitions).map(([key, definition]) => ({
      key,
      default: String(definition.default),
      bounds: `${definition.min} – ${definition.max}`,
      category: definition.category,
    }));
    expect(documented).toEqual(defined);
  });
});

describe('the kinds of cached things of docs/configuration.md', () => {
  const documented = tableRows(sectionOf(document, '## Kinds of cached things'));

  it('are those of the cache, with their keys and times', () => {
    expect(documented.map(({ kind, seconds }) => [codeOf(kind), Number(seconds)])).toEqual(
      Object.entries(cacheKinds),
    );
    for (const { kind, key } of documented) {
      expect(codeOf(key)).toMatch(new RegExp(`^${cacheKey(codeOf(kind) as CacheKind, '')}`));
    }
  });

  it('have the times that the settings begin with', () => {
    expect(settingDefinitions.cache_ttl_seconds.default).toBe(cacheKinds.query);
    expect(settingDefinitions.session_timeout_hours.default * 3600).toBe(cacheKinds.session);
  });
});
