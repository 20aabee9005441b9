import { join, resolve } from 'node:path';
import { ConfigError } from './config-error';
import { parseEncryptionKeys, type EncryptionKey } from './encryption-keys';
import { readBoolean, readInteger, readList, readText, readUrl, type Environment } from './read-variable';
import { loadGeneratedSecrets, loadGeneratedSigningSeed } from './generated-secrets';
import { parseSigningSeed } from './signing-seed';

/** Injection token of the configuration. */
export const CONFIG = Symbol('Config');

export interface Config {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** `null`: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | null;
  /** At least 5: three sessions are held for good (Instance, SignalBus, GroupCommit), and a job under a lock takes two. */
  readonly databasePoolSize: number;
  /** Password of the embedded PostgreSQL; unused with `databaseUrl`. */
  readonly embeddedDatabasePassword: string;
  /** `null`: caches and signals stay in the process and the system database. */
  readonly redisUrl: string | null;
  /** The first encrypts, all decrypt. */
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly jwtSecret: Buffer;
  /** The 32 bytes of the Ed25519 key (RFC 8032) that signs the roots of the record. */
  readonly auditSigningSeed: Buffer;
  /** Signed roots of the record are appended here. */
  readonly auditRootsFile: string;
  /** And sent here; `null`: nowhere. */
  readonly auditRootsWebhook: string | null;
  /** Where every record is sent; `null`: nowhere. */
  readonly auditFeed: string | null;
  readonly backupDir: string;
  readonly accessTokenSeconds: number;
  readonly adminUsername: string;
  /** `null`: a random one, printed once. */
  readonly adminPassword: string | null;
  readonly logLevel: string;
  readonly bodyLimitBytes: number;
  /** Requests a minute from one principal, or from one address without credentials; 0 switches the limit off. */
  readonly rateLimitPerMinute: number;
  /** Whether `X-Forwarded-For` is believed, as Fastify's `trustProxy`: a list of proxy addresses. */
  readonly trustedProxies: readonly string[];
  /** Refuse databases at private addresses (RFC 1918, RFC 4193) and loopback. */
  readonly denyPrivateNetworks: boolean;
  /** Folders SQLite files may lie in; `null`: any outside `dataDir`, and `dataDir`/sqlite. */
  readonly sqliteDirs: readonly string[] | null;
  /** Sessions to external databases over all connections. */
  readonly maxSessionsTotal: number;
  /** Milliseconds after which an unused pool is closed. */
  readonly sourceIdleMs: number;
  /** Milliseconds that running requests get at shutdown before they are stopped. */
  readonly shutdownGraceMs: number;
  readonly samples: boolean;
}

const NO_SEED = Buffer.alloc(0);
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * Reads the environment once. Outside production, missing secrets are generated into `DATA_DIR`; in production
 * they stop the start.
 * @throws ConfigError naming every variable that is missing or wrong.
 */
export function loadConfig(env: Environment = process.env): Config {
  const problems: string[] = [];
  const collect = <T>(read: () => T, fallback: T): T => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return fallback;
    }
  };
  const integer = (name: string, fallback: number, min: number, max: number): number =>
    collect(() => readInteger(env, name, fallback, min, max), fallback);

  const production = env.NODE_ENV === 'production';
  const dataDir = resolve(readText(env, 'DATA_DIR') ?? '.data');
  if (production) {
    for (const name of ['DATABASE_URL', 'ENCRYPTION_KEYS', 'JWT_SECRET', 'AUDIT_SIGNING_KEY']) {
      if (!readText(env, name)) {
        problems.push(`${name} must be set when NODE_ENV=production: nothing secret is generated there`);
      }
    }
  }
  const keys = readText(env, 'ENCRYPTION_KEYS');
  const secret = readText(env, 'JWT_SECRET');
  const signingKey = readText(env, 'AUDIT_SIGNING_KEY');
  const generated = production ? null : loadGeneratedSecrets(dataDir);
  if (secret && Buffer.byteLength(secret) < 32) problems.push('JWT_SECRET must have at least 32 bytes');
  const logLevel = readText(env, 'LOG_LEVEL') ?? 'info';
  if (!logLevels.includes(logLevel)) problems.push(`LOG_LEVEL must be one of ${logLevels.join(', ')}`);
  const sqliteDirs = readList(env, 'SQLITE_DIRS')?.map((dir) => resolve(dir)) ?? null;

  const config: Config = {
    production,
    port: integer('PORT', 3000, 0, 65535),
    host: readText(env, 'HOST') ?? '127.0.0.1',
    dataDir,
    databaseUrl: collect(() => readUrl(env, 'DATABASE_URL', ['postgresql', 'postgres']), null),
    databasePoolSize: integer('DATABASE_POOL_SIZE', 10, 5, 200),
    embeddedDatabasePassword: generated?.databasePassword ?? '',
    redisUrl: collect(() => readUrl(env, 'REDIS_URL', ['redis', 'rediss']), null),
    encryptionKeys: collect(() => (keys ? parseEncryptionKeys(keys) : (generated?.encryptionKeys ?? [])), []),
    jwtSecret: secret ? Buffer.from(secret) : (generated?.jwtSecret ?? Buffer.alloc(0)),
    auditSigningSeed: collect(
      () =>
        signingKey ? parseSigningSeed(signingKey) : production ? NO_SEED : loadGeneratedSigningSeed(dataDir),
      NO_SEED,
    ),
    auditRootsFile: resolve(readText(env, 'AUDIT_ROOTS_FILE') ?? join(dataDir, 'audit-roots.ndjson')),
    auditRootsWebhook: collect(() => readUrl(env, 'AUDIT_ROOTS_WEBHOOK', ['https', 'http']), null),
    auditFeed: collect(() => readUrl(env, 'AUDIT_FEED', ['https', 'http', 'syslog+tls', 'syslog+tcp']), null),
    backupDir: resolve(readText(env, 'BACKUP_DIR') ?? join(dataDir, 'backups')),
    accessTokenSeconds: integer('ACCESS_TOKEN_SECONDS', 900, 30, 86_400),
    adminUsername: readText(env, 'ADMIN_USERNAME') ?? 'admin',
    adminPassword: readText(env, 'ADMIN_PASSWORD'),
    logLevel,
    bodyLimitBytes: integer('BODY_LIMIT_BYTES', 1_048_576, 1024, 104_857_600),
    rateLimitPerMinute: integer('RATE_LIMIT_PER_MINUTE', 120_000, 0, 10_000_000),
    trustedProxies: readList(env, 'TRUSTED_PROXIES') ?? [],
    denyPrivateNetworks: collect(() => readBoolean(env, 'DENY_PRIVATE_NETWORKS', false), true),
    sqliteDirs: sqliteDirs ?? (production ? [resolve(dataDir, 'sqlite')] : null),
    maxSessionsTotal: integer('MAX_SESSIONS_TOTAL', 200, 1, 100_000),
    sourceIdleMs: integer('SOURCE_IDLE_MS', 600_000, 1000, 86_400_000),
    shutdownGraceMs: integer('SHUTDOWN_GRACE_MS', 10_000, 0, 600_000),
    samples: collect(() => readBoolean(env, 'SAMPLES', !production), false) && !production,
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}
