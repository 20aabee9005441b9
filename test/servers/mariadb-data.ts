import { createHash } from 'node:crypto';
import {
  chownSync,
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
import { findProgram, run } from './command';

const cache = path.join(__dirname, '..', '..', '.cache');
const nobody = 65_534;

/** MariaDB does not want to be root: then it is the user nobody. */
export const asNobody = process.getuid?.() === 0;
const userOption = asNobody ? ['--user=nobody'] : [];

/** Options of every mariadbd and of the installation, which has to know the size of the log. */
export const commonOptions = ['--no-defaults', ...userOption, '--innodb-log-file-size=10M'];

/** A fresh data directory: a copy of one that was initialised once for this build of the server, which takes seconds. */
export async function prepareData(program: string, data: string): Promise<void> {
  const { stdout } = await run(program, ['--no-defaults', '--version']);
  const build = createHash('sha256').update(`${program} ${stdout}`).digest('hex').slice(0, 12);
  const template = path.join(cache, `mariadb-${build}`);
  if (!existsSync(template)) await makeTemplate(template);
  cpSync(template, data, { recursive: true });
  if (asNobody) giveToNobody(data);
}

async function makeTemplate(template: string): Promise<void> {
  const installer = findProgram('mariadb-install-db');
  if (!installer)
    throw new Error('mariadbd is there but mariadb-install-db is not: install the whole of MariaDB.');
  const work = mkdtempSync(path.join(tmpdir(), 'sluice-mariadb-'));
  const draft = `${template}.${process.pid}`;
  try {
    if (asNobody) chownSync(work, nobody, nobody);
    await run(installer, [
      ...commonOptions,
      `--datadir=${path.join(work, 'data')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ]);
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

export function giveToNobody(dir: string): void {
  for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    lchownSync(path.join(dir, entry), nobody, nobody);
  }
  lchownSync(dir, nobody, nobody);
}
