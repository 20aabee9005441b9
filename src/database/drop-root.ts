import { spawnSync } from 'node:child_process';

/** How to run a program that refuses to run as root. */
export interface RunAs {
  /** Put before the command. */
  readonly prefix: readonly string[];
  /** Set when another user really runs it, who then has to own its files. */
  readonly ids?: { readonly uid: number; readonly gid: number };
}

const nobody = 65_534;
const namespace = ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`];

/**
 * PostgreSQL refuses user id 0. A user namespace (user_namespaces(7)) in which root is called nobody needs no change of
 * ownership and works below directories that only root may enter; where namespaces are forbidden, as by the default
 * seccomp profile of Docker, the program runs as the user nobody.
 */
export function dropRoot(): RunAs {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const works = spawnSync('unshare', [...namespace, 'true'], { stdio: 'ignore' }).status === 0;
  return works
    ? { prefix: ['unshare', ...namespace, '--'] }
    : { prefix: [], ids: { uid: nobody, gid: nobody } };
}
