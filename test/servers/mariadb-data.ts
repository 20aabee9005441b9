import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dropRoot } from '../../src/database/drop-root';
import { findProgram, run } from './command';

const cache = path.join(__dirname, '..', '..', '.cache');

/** MariaDB does not want to be root either. */
const runAs = dropRoot();

/** The command of a program of MariaDB with what all of them need; the size of the log is fixed at installation. */
export function mariadbCommand(program: string, ...options: string[]): [string, ...string[]] {
  const user = runAs.ids ? ['--user=nobody'] : [];
  const [first, ...rest] = [...runAs.prefix, program, '--no-defaults', ...user, '--innodb-log-file-size=10M'];
  return [first, ...rest, ...options];
}

/** A fresh data directory: a copy of one that was initialised once for this build of the server, which takes seconds. */
export async function prepareData(program: string, data: string): Promise<void> {
  const { stdout } = await run(program, ['--no-defaults', '--version']);
  const build = createHash('sha256').update(`${program} ${stdout}`).digest('hex').slice(0, 12);
  const template = path.join(cache, `mariadb-${build}`);
  if (!existsSync(template)) await makeTemplate(template);
  cpSync(template, data, { recursive: true });
}

async function makeTemplate(template: string): Promise<void> {
  const installer = findProgram('mariadb-install-db');
  if (!installer)
    throw new Error('mariadbd is there but mariadb-install-db is not: install the whole of MariaDB.');
  const work = mkdtempSync(path.join(tmpdir(), 'sluice-mariadb-'));
  const draft = `${template}.${process.pid}`;
  try {
    giveAway(work);
    const [file, ...options] = mariadbCommand(
      installer,
      `--datadir=${path.join(work, 'data')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    );
    await run(file, options);
    mkdirSync(cache, { recursive: true });
    // complete before it has its name: two runs may do this at the same time
    cpSync(path.join(work, 'data'), draft, { recursive: true });
    if (!existsSync(template)) renameSync(draft, template);
  } catch (error) {
    if (!existsSync(template)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
    rmSync(work, { recursive: true, force: true });
  }
}

/** To the user who runs MariaDB, where that is another one. */
export function giveAway(dir: string): void {
  if (!runAs.ids) return;
  const { uid, gid } = runAs.ids;
  for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    lchownSync(path.join(dir, entry), uid, gid);
  }
  lchownSync(dir, uid, gid);
}
