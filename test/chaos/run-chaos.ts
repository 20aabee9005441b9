import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres';
import { ledgerLines } from '../../src/modules/ledger/export/ledger-lines';
import { openLedgerSession } from '../../src/modules/ledger/export/ledger-session';
import { SigningKey } from '../../src/modules/ledger/signing-key';
import { LedgerVerifier } from '../../src/modules/ledger/verify/ledger-verifier';
import { readKnownRoots } from '../../src/modules/ledger/verify/known-roots';
import { Replica } from './replica';

export interface ChaosOptions {
  readonly kills: number;
  readonly clients: number;
  /** Longest time between two kills, in milliseconds. */
  readonly everyMs: number;
  readonly say: (line: string) => void;
}

export interface ChaosCheck {
  readonly name: string;
  /** Empty when it holds. */
  readonly problems: readonly string[];
}

export interface ChaosReport {
  readonly kills: Readonly<Record<string, number>>;
  readonly statements: Readonly<Record<string, number>>;
  readonly records: number;
  readonly checks: readonly ChaosCheck[];
}

const PASSWORD = 'chaos administrator 1';
const PENDING_MS = 90_000;

/** Kills two replicas and their database while statements and changes come in, and then looks whether all is there. */
export async function runChaos({ kills, clients, everyMs, say }: ChaosOptions): Promise<ChaosReport> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  const databasePassword = randomBytes(12).toString('hex');
  const seed = randomBytes(32);
  const systemDir = join(dir, 'system');
  const settings = { fsync: 'on', synchronous_commit: 'on', shared_buffers: '64MB' };
  const startSystem = (port?: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dir: systemDir, password: databasePassword, settings, ...(port && { port }) });
  let system = await startSystem();
  const target = await startEmbeddedPostgres({ dir: join(dir, 'target'), password: databasePassword });
  const env = {
    DATABASE_URL: system.url,
    ADMIN_PASSWORD: PASSWORD,
    SAMPLES: 'false',
    RATE_LIMIT_PER_MINUTE: '0',
    ACCESS_TOKEN_SECONDS: '86400',
    SHUTDOWN_GRACE_MS: '5000',
    JWT_SECRET: randomBytes(32).toString('hex'),
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    AUDIT_SIGNING_KEY: seed.toString('base64'),
  };
  const replicas = ['one', 'two'].map((name) => new Replica(name, join(dir, name), env));
  // At once: they meet at the migrations and at the first administrator.
  const lives = replicas.map((replica) => replica.run());
  try {
    const session = await prepare(replicas, target.url);
    const load = new Load(replicas, session);
    const working = Array.from({ length: clients }, (_, n) => load.run(n));
    const killed: Record<string, number> = { service: 0, database: 0 };
    for (let n = 1; n <= kills; n++) {
      await sleep(Math.random() * everyMs);
      if (n % 5 === 0) {
        process.kill(system.pid, 'SIGKILL');
        killed.database! += 1;
        system = await restart(startSystem, system);
      } else {
        const victim = replicas[Math.floor(Math.random() * replicas.length)]!;
        // Dead already: the next one then.
        if (!victim.kill()) n -= 1;
        else killed.service! += 1;
      }
      if (n % 10 === 0) say(`${n} kills, ${load.count()} answers`);
    }
    load.stopped = true;
    await Promise.all(working);
    say('no more kills; waiting until everything that was left is closed');
    await session.untilReady();
    await untilNothingPending(system.url);
    // One after the other: the last one signs for all.
    for (const replica of replicas) await replica.stop();
    await Promise.all(lives);
    return {
      kills: killed,
      statements: load.statuses,
      ...(await check(system.url, target.url, load, seed, replicas)),
    };
  } finally {
    for (const replica of replicas) {
      void replica.stop();
      replica.kill();
    }
    await system.stop();
    await target.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Session {
  readonly token: string;
  readonly connectionId: string;
  untilReady(): Promise<void>;
}

async function prepare(replicas: readonly Replica[], targetUrl: string): Promise<Session> {
  const untilReady = async (): Promise<void> => {
    const deadline = Date.now() + 120_000;
    for (const replica of replicas) {
      while (!(replica.url && (await isReady(replica.url)))) {
        if (Date.now() > deadline) throw new Error(`replica ${replica.name} does not come up`);
        await sleep(100);
      }
    }
  };
  await untilReady();
  const client = new Client({ connectionString: targetUrl });
  await client.connect();
  await client.query('CREATE TABLE effects (n bigint NOT NULL)');
  await client.end();
  const call = async (path: string, body: unknown, token?: string, method = 'POST'): Promise<any> => {
    const answer = await fetch(`${replicas[0]!.url}/api${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { accessToken: token } = await call('/auth/login', { username: 'admin', password: PASSWORD });
  const connection = { name: 'target', type: 'postgresql', connectionString: targetUrl, readOnly: false };
  const { id: connectionId } = await call('/database/connections', connection, token);
  // Replicas that are killed every few seconds would never make the root of a minute.
  await call('/settings/audit_root_seconds', { value: 2 }, token, 'PATCH');
  return { token, connectionId, untilReady };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/health/ready`)).ok;
  } catch {
    return false;
  }
}

async function restart(
  start: (port: number) => Promise<EmbeddedPostgres>,
  old: EmbeddedPostgres,
): Promise<EmbeddedPostgres> {
  await old.stop().catch(() => undefined);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(old.port);
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(200);
    }
  }
}

/** Statements that leave a mark in the database they are sent to, and changes. None is sent twice. */
class Load {
  stopped = false;
  readonly statuses: Record<string, number> = {};
  /** Numbers of statements that were answered with a success. */
  readonly answered: number[] = [];
  /** `X-Audit-Id` of every answer that had one. */
  readonly auditIds: string[] = [];
  private next = 0;

  constructor(
    private readonly replicas: readonly Replica[],
    private readonly session: Session,
  ) {}

  count(): number {
    return Object.values(this.statuses).reduce((sum, count) => sum + count, 0);
  }

  async run(client: number): Promise<void> {
    while (!this.stopped) {
      const url = this.replicas[Math.floor(Math.random() * this.replicas.length)]!.url;
      if (url === null) await sleep(20);
      else if (client === 0) await this.change(url);
      else await this.ask(url);
    }
  }

  private async ask(url: string): Promise<void> {
    const n = (this.next += 1);
    const { connectionId } = this.session;
    const status = await this.send(url, 'POST', '/database/query', { connectionId, query: statementOf(n) });
    if (status === '200') this.answered.push(n);
  }

  private async change(url: string): Promise<void> {
    await this.send(url, 'PATCH', '/settings/slow_query_ms', { value: 1000 + (this.count() % 1000) });
    await sleep(20);
  }

  private async send(url: string, method: string, path: string, body: unknown): Promise<string> {
    let status = 'no answer';
    try {
      const answer = await fetch(`${url}/api${path}`, {
        method,
        headers: { authorization: `Bearer ${this.session.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const id = answer.headers.get('x-audit-id');
      const text = await answer.text();
      status = answer.ok ? String(answer.status) : (JSON.parse(text) as { code: string }).code;
      // Of a change that was refused there is none: it was rolled back.
      if (id !== null && (answer.ok || path === '/database/query') && status !== 'audit.unavailable') {
        this.auditIds.push(id);
      }
    } catch {
      await sleep(20);
    }
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    return status;
  }
}

function statementOf(n: number): string {
  return `INSERT INTO effects VALUES (${n})`;
}

async function untilNothingPending(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const deadline = Date.now() + PENDING_MS;
  try {
    for (;;) {
      const { rows } = await client.query<{ n: string }>(
        `SELECT (SELECT count(*) FROM query_history WHERE status = 'pending') + (SELECT count(*) FROM audit_outbox) AS n`,
      );
      if (Number(rows[0]?.n) === 0 || Date.now() > deadline) return;
      await sleep(500);
    }
  } finally {
    await client.end();
  }
}

async function check(
  systemUrl: string,
  targetUrl: string,
  load: Load,
  seed: Buffer,
  replicas: readonly Replica[],
): Promise<{ records: number; checks: ChaosCheck[] }> {
  const [system, target] = [systemUrl, targetUrl].map((url) => new Client({ connectionString: url })) as [
    Client,
    Client,
  ];
  await Promise.all([system.connect(), target.connect()]);
  const column = async (client: Client, sql: string): Promise<string[]> =>
    (await client.query<{ value: string }>(sql)).rows.map(({ value }) => value);
  try {
    const effects = (await column(target, 'SELECT n::text AS value FROM effects')).map(Number);
    const intents = await column(
      system,
      `SELECT details ->> 'statementSha256' AS value FROM audit_logs WHERE action = 'query.run'`,
    );
    const ids = await column(system, 'SELECT id AS value FROM audit_logs');
    const times = new Map<string, number>();
    for (const hash of intents) times.set(hash, (times.get(hash) ?? 0) + 1);
    const timesOf = (n: number): number =>
      times.get(createHash('sha256').update(statementOf(n)).digest('hex')) ?? 0;
    const [idSet, effectSet] = [new Set(ids), new Set(effects)];
    const verdict = await verify(systemUrl, seed, replicas);
    const checks: [string, string[]][] = [
      ['nothing was done without a committed intent', effects.filter((n) => timesOf(n) === 0).map(String)],
      ['no intent is recorded twice', effects.filter((n) => timesOf(n) > 1).map(String)],
      [
        'nothing was done twice',
        effects.length === effectSet.size ? [] : [`${effects.length - effectSet.size}`],
      ],
      ['what was answered as done was done', load.answered.filter((n) => !effectSet.has(n)).map(String)],
      ['every record that an answer named is there', load.auditIds.filter((id) => !idSet.has(id))],
      ['no record is there twice', ids.length === idSet.size ? [] : [`${ids.length - idSet.size}`]],
      [
        'no run is left open',
        await column(system, `SELECT id AS value FROM query_history WHERE status = 'pending'`),
      ],
      [
        'no record of a change is left outside of the chain',
        await column(system, 'SELECT id AS value FROM audit_outbox'),
      ],
      [
        'changes and their records are one',
        await column(
          system,
          `SELECT 'the setting is not what was recorded last' AS value FROM system_settings s
           WHERE key = 'slow_query_ms' AND NOT EXISTS (SELECT FROM audit_logs
             WHERE action = 'setting.update' AND details -> 'to' = s.value)`,
        ),
      ],
      [
        `the chain verifies (${verdict.records} records, ${verdict.chains} chains, ${verdict.roots} roots)`,
        verdict.problems,
      ],
      ['every record is under a signed root', verdict.unsigned === 0 ? [] : [`${verdict.unsigned} are not`]],
    ];
    return { records: verdict.records, checks: checks.map(([name, problems]) => ({ name, problems })) };
  } finally {
    await Promise.all([system.end(), target.end()]);
  }
}

async function verify(
  url: string,
  seed: Buffer,
  replicas: readonly Replica[],
): Promise<{ records: number; chains: number; roots: number; unsigned: number; problems: string[] }> {
  const key = new SigningKey(seed);
  const problems: string[] = [];
  let verdict = null;
  for (const { dataDir } of replicas) {
    const file = join(dataDir, 'audit-roots.ndjson');
    if (!existsSync(file) || readFileSync(file).length === 0) continue;
    const verifier = new LedgerVerifier({
      keys: new Map([[key.id, createPublicKey(key.publicPem)]]),
      knownRoots: await readKnownRoots(file),
    });
    const client = await openLedgerSession(url);
    for await (const text of ledgerLines(client, 0)) for (const line of text.split('\n')) verifier.add(line);
    await client.end();
    verdict = verifier.finish();
    problems.push(...verdict.findings.map(({ message }) => message));
  }
  if (!verdict)
    return { records: 0, chains: 0, roots: 0, unsigned: 0, problems: ['no replica wrote a file of roots'] };
  return { ...verdict, problems };
}
