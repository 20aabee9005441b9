import { existsSync } from 'node:fs';
import { findProgram, run } from './command';

let queue: Promise<unknown> = Promise.resolve();

/** Whether a missing server can be installed: by root, on Debian or what descends from it. */
export function canInstall(): boolean {
  return (
    process.getuid?.() === 0 && existsSync('/etc/debian_version') && findProgram('apt-get') !== undefined
  );
}

/** Installs packages, one call after the other, waiting for another apt that may be at work. */
export function installPackages(packages: readonly string[]): Promise<void> {
  const mine = queue.then(() => install(packages));
  queue = mine.catch(() => undefined);
  return mine;
}

async function install(packages: readonly string[]): Promise<void> {
  console.log(`Installing ${packages.join(', ')} …`);
  const options = ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  const environment = {
    ...process.env,
    DEBIAN_FRONTEND: 'noninteractive',
    // invoke-rc.d(8) starts no service in run level 1: only the program is wanted
    RUNLEVEL: '1',
  };
  const attempt = () =>
    run('apt-get', ['install', ...options, ...packages], { env: environment, maxBuffer: 1 << 26 });
  try {
    await attempt();
  } catch {
    // a fresh image has no package lists
    await run('apt-get', ['update', '-qq'], { env: environment, maxBuffer: 1 << 26 });
    await attempt();
  }
}
