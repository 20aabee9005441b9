import { canCompose } from './compose';
import { findProgram } from './command';
import { canInstall, installPackages } from './debian';

export interface Wanted {
  readonly program: string;
  readonly packages: readonly string[];
  /** For the sentence that says what is missing. */
  readonly name: string;
  readonly engine: string;
}

/**
 * How to get a server: its program, installed from Debian's packages when that is possible and needed, or docker.
 *
 * @throws Error with the one sentence that says what to install.
 */
export async function obtain(wanted: Wanted): Promise<{ program: string } | 'compose'> {
  const found = findProgram(wanted.program);
  if (found) return { program: found };
  let reason = '';
  if (canInstall()) {
    try {
      await installPackages(wanted.packages);
    } catch (error) {
      reason = ` (apt-get failed: ${lastLine(error)})`;
    }
    const installed = findProgram(wanted.program);
    if (installed) return { program: installed };
  }
  if (await canCompose()) return 'compose';
  throw new Error(
    `The tests need ${wanted.name}${reason}: install it (Debian: apt-get install --no-install-recommends ` +
      `${wanted.packages.join(' ')}), start docker, name a server in TEST_${wanted.engine.toUpperCase()}_URL, ` +
      `or do without by SKIP_ENGINES=${wanted.engine}.`,
  );
}

function lastLine(error: unknown): string {
  const text = (error as { stderr?: string }).stderr || String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
