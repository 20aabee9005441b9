import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Client } from 'pg';
import { dropRoot } from '../../src/database/drop-root';
import { findFreePort } from '../../src/database/find-free-port';
import { locatePostgres } from '../../src/database/locate-postgres';
import { supervise, type Supervised } from '../../src/database/supervise';
import { randomPassword } from './random-password';
import { untilReady } from './until-ready';

const host = '127.0.0.1';
const runAs = dropRoot();

/** One PostgreSQL server of a group, which keeps its port and data over its ends and starts. */
export class GroupServer {
  private server: Supervised | null = null;

  constructor(
    readonly dir: string,
    readonly port: number,
    private readonly password: string,
  ) {}

  get url(): string {
    return `postgresql://sluice:${this.password}@${host}:${this.port}/postgres`;
  }

  get running(): boolean {
    return this.server !== null;
  }

  async start(): Promise<void> {
    rmSync(path.join(this.dir, 'postmaster.pid'), { force: true });
    const settings = {
      listen_addresses: host,
      port: this.port,
      unix_socket_directories: '',
      shared_buffers: '16MB',
      max_connections: 60,
      wal_level: 'replica',
      wal_keep_size: '256MB',
      fsync: 'off',
      // A replica shows what it has replayed at once, and is asked for its place in the log often.
      wal_receiver_status_interval: '1s',
      wal_retrieve_retry_interval: '200ms',
      recovery_target_timeline: 'latest',
    };
    const command = [
      ...runAs.prefix,
      path.join(locatePostgres(), 'postgres'),
      ...['-D', this.dir],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ];
    const server = supervise(command, { stopSignal: 'SIGINT', logFile: `${this.dir}.log`, ...runAs.ids });
    this.server = server;
    await untilReady('PostgreSQL', () => this.ask('select 1'), server);
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    this.server = null;
  }

  async ask<T = any>(sql: string): Promise<T[]> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows as T[];
    } finally {
      await client.end();
    }
  }

  /** Another server with a copy of this one's data, which follows it. */
  async copy(dir: string): Promise<GroupServer> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    // The session that begins a backup must also end it (manual 25.3.4).
    await client.query("select pg_backup_start('copy', true)");
    cpSync(this.dir, dir, {
      recursive: true,
      filter: (file) => !/postmaster\.(pid|opts)$/.test(file),
    });
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
    await client.end();
    writeFileSync(path.join(dir, 'backup_label'), rows[0]!.labelfile);
    const copy = new GroupServer(dir, await findFreePort(host), this.password);
    copy.follow(this);
    return copy;
  }

  /** From its next start on. */
  follow(primary: GroupServer): void {
    const conninfo = `host=${host} port=${primary.port} user=sluice password=${this.password}`;
    writeFileSync(path.join(this.dir, 'standby.signal'), '');
    writeFileSync(path.join(this.dir, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
    own(this.dir);
  }
}

/** A new server that others can follow. */
export async function createPrimary(root: string): Promise<GroupServer> {
  const dir = path.join(root, 'first');
  const password = randomPassword();
  mkdirSync(dir, { mode: 0o700, recursive: true });
  const passwordFile = path.join(root, 'password');
  writeFileSync(passwordFile, `${password}\n`);
  own(root);
  const command = [
    ...runAs.prefix,
    path.join(locatePostgres(), 'initdb'),
    ...['--pgdata', dir, '--username', 'sluice', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--locale', 'C', '--no-instructions', '--no-sync'],
  ];
  const { status, stderr } = spawnSync(command[0]!, command.slice(1), {
    ...runAs.ids,
    cwd: '/',
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`initdb: ${stderr}`);
  return new GroupServer(dir, await findFreePort(host), password);
}

function own(dir: string): void {
  chmodSync(dir, 0o700);
  if (!runAs.ids) return;
  const { uid, gid } = runAs.ids;
  for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' }))
    chownSync(path.join(dir, entry), uid, gid);
  chownSync(dir, uid, gid);
}
