import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { findFreePort } from '../../src/database/find-free-port';
import { supervise } from '../../src/database/supervise';
import { startContainer } from './compose';
import { urlFromEnvironment, type StartedServer } from './engine';
import { giveAway, mariadbCommand, prepareData } from './mariadb-data';
import { obtain } from './obtain';
import { randomPassword } from './random-password';
import { untilReady } from './until-ready';

export async function startMariadb(dir: string): Promise<StartedServer> {
  const url = urlFromEnvironment('mariadb');
  if (url) return { engine: 'mariadb', url, version: await versionOf(url), stop: async () => undefined };
  const password = randomPassword();
  const source = await obtain({
    program: 'mariadbd',
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    name: 'MariaDB',
    engine: 'mariadb',
  });
  if (source === 'compose') {
    const container = await startContainer('mariadb', 3306, password, dir);
    const address = `mysql://root:${password}@127.0.0.1:${container.port}`;
    const version = await untilReady('MariaDB', () => versionOf(address));
    return { engine: 'mariadb', url: address, version, stop: () => container.stop() };
  }
  return startProgram(source.program, dir, password);
}

async function startProgram(program: string, dir: string, password: string): Promise<StartedServer> {
  const data = path.join(dir, 'data');
  await prepareData(program, data);
  const accounts = path.join(dir, 'accounts.sql');
  // the option of mariadbd takes one statement per line
  writeFileSync(
    accounts,
    `CREATE USER admin@'%' IDENTIFIED BY '${password}';\n` +
      `GRANT ALL PRIVILEGES ON *.* TO admin@'%' WITH GRANT OPTION;\n` +
      // the accounts of the installation, some of which have no password
      `DELETE FROM mysql.global_priv WHERE User IN ('root', '');\nFLUSH PRIVILEGES;\n`,
    { mode: 0o600 },
  );
  // a server that starts removes what it takes for left over by others (#sql…) from its folder for temporary files
  const temporary = path.join(dir, 'tmp');
  mkdirSync(temporary);
  giveAway(dir);
  const port = await findFreePort();
  const command = mariadbCommand(
    program,
    `--datadir=${data}`,
    `--tmpdir=${temporary}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${path.join(dir, 'socket')}`,
    `--pid-file=${path.join(dir, 'pid')}`,
    `--init-file=${accounts}`,
    `--secure-file-priv=${dir}`,
    '--skip-name-resolve',
    '--innodb-buffer-pool-size=64M',
    '--innodb-flush-log-at-trx-commit=2',
    '--character-set-server=utf8mb4',
    '--max-connections=300',
    '--local-infile=0',
  );
  const server = supervise(command, {
    stopSignal: 'SIGTERM',
    logFile: path.join(dir, 'mariadb.log'),
    removeAfterwards: dir,
  });
  const url = `mysql://admin:${password}@127.0.0.1:${port}`;
  const version = await untilReady('MariaDB', () => versionOf(url), server);
  return { engine: 'mariadb', url, version, stop: () => server.stop() };
}

async function versionOf(url: string): Promise<string> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>('select version() as version');
    return String(rows[0]?.['version']);
  } finally {
    await connection.end();
  }
}
