import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../src/config/config';

export const ADMIN = { username: 'admin', password: 'correct horse battery staple' };

/** A configuration for tests: any free port, secrets of its own, everything logged. */
export function testConfig(overrides: Partial<Config> = {}): Config {
  const dataDir = join(tmpdir(), `sluice-test-${randomBytes(6).toString('hex')}`);
  return {
    production: false,
    port: 0,
    host: '127.0.0.1',
    dataDir,
    databaseUrl: null,
    databasePoolSize: 10,
    embeddedDatabasePassword: '',
    redisUrl: null,
    encryptionKeys: [{ id: 'test', key: randomBytes(32) }],
    jwtSecret: randomBytes(48),
    auditSigningSeed: randomBytes(32),
    // Beside the folder, which most tests never make.
    auditRootsFile: `${overrides.dataDir ?? dataDir}.audit-roots.ndjson`,
    auditRootsWebhook: null,
    auditFeed: null,
    backupDir: `${overrides.dataDir ?? dataDir}.backups`,
    accessTokenSeconds: 900,
    adminUsername: ADMIN.username,
    adminPassword: ADMIN.password,
    logLevel: 'info',
    bodyLimitBytes: 1_048_576,
    rateLimitPerMinute: 0,
    trustedProxies: [],
    denyPrivateNetworks: false,
    sqliteDirs: null,
    maxSessionsTotal: 50,
    sourceIdleMs: 60_000,
    shutdownGraceMs: 5000,
    samples: false,
    ...overrides,
  };
}
