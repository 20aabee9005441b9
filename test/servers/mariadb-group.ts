import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import { findFreePort } from '../../src/database/find-free-port';
import { supervise, type Supervised } from '../../src/database/supervise';
import { giveAway, mariadbCommand, prepareData } from './mariadb-data';
import { obtain } from './obtain';
import { randomPassword } from './random-password';
import { untilReady } from './until-ready';

const host = '127.0.0.1';

/** One MariaDB server of a group that replicates by GTIDs; it keeps its port and data over its ends and starts. */
export class GroupMariadb {
  private server: Supervised | null = null;

  constructor(
    private readonly program: string,
    private readonly dir: string,
    readonly port: number,
    private readonly serverId: number,
    readonly password: string,
  ) {}

  async start(): Promise<void> {
    const command = mariadbCommand(
      this.program,
      `--datadir=${path.join(this.dir, 'data')}`,
      `--tmpdir=${path.join(this.dir, 'tmp')}`,
      `--port=${this.port}`,
      `--bind-address=${host}`,
      `--socket=${path.join(this.dir, 'socket')}`,
      `--pid-file=${path.join(this.dir, 'pid')}`,
      `--init-file=${path.join(this.dir, 'accounts.sql')}`,
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=32M',
      '--innodb-flush-log-at-trx-commit=2',
      '--max-connections=60',
      `--server-id=${this.serverId}`,
      '--log-bin=bin',
      '--log-slave-updates',
      '--binlog-format=ROW',
      '--gtid-strict-mode=1',
    );
    const server = supervise(command, {
      stopSignal: 'SIGTERM',
      logFile: path.join(this.dir, 'mariadb.log'),
    });
    this.server = server;
    await untilReady('MariaDB', () => this.ask('SELECT 1'), server);
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    this.server = null;
  }

  async ask<T = any>(sql: string): Promise<T[]> {
    const connection = await createConnection({
      host,
      port: this.port,
      user: 'admin',
      password: this.password,
      connectTimeout: 5_000,
    });
    connection.on('error', () => undefined);
    try {
      const [rows] = await connection.query(sql);
      return rows as T[];
    } finally {
      connection.destroy();
    }
  }

  async follow(primary: GroupMariadb): Promise<void> {
    await this.ask('SET GLOBAL read_only = 1');
    await this.ask(
      `CHANGE MASTER TO MASTER_HOST='${host}', MASTER_PORT=${primary.port}, MASTER_USER='admin',
       MASTER_PASSWORD='${primary.password}', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1`,
    );
    await this.ask('START SLAVE');
  }
}

/** Servers without data of their own, none of which follows another yet. */
export async function createMariadbGroup(root: string, count: number): Promise<GroupMariadb[]> {
  const source = await obtain({
    program: 'mariadbd',
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    name: 'MariaDB',
    engine: 'mariadb',
  });
  if (source === 'compose') throw new Error('Replicas of MariaDB are tested with its program only.');
  const password = randomPassword();
  const template = path.join(root, 'template');
  await prepareData(source.program, template);
  const members: GroupMariadb[] = [];
  for (let id = 1; id <= count; id++) {
    const dir = path.join(root, `member-${id}`);
    mkdirSync(path.join(dir, 'tmp'), { recursive: true });
    cpSync(template, path.join(dir, 'data'), { recursive: true });
    writeFileSync(
      path.join(dir, 'accounts.sql'),
      // accounts are each server's own
      `SET sql_log_bin = 0;\nCREATE USER IF NOT EXISTS admin@'%' IDENTIFIED BY '${password}';\n` +
        `GRANT ALL PRIVILEGES ON *.* TO admin@'%' WITH GRANT OPTION;\n` +
        `CREATE USER IF NOT EXISTS app@'%' IDENTIFIED BY '${password}';\n` +
        `GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO app@'%';\nFLUSH PRIVILEGES;\n`,
      { mode: 0o600 },
    );
    giveAway(dir);
    members.push(new GroupMariadb(source.program, dir, await findFreePort(host), id, password));
  }
  return members;
}
