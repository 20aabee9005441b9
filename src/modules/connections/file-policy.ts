import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { AppError } from '../../common/app-error';

/**
 * Which files a connection may open. With `dirs`, only files in them; without, any but the service's own data.
 * The answer is the real path, so that a symbolic link swapped afterwards leads nowhere else.
 */
export function filePolicy(
  dataDir: string,
  dirs: readonly string[] | null,
): (path: string) => Promise<string> {
  const samples = resolve(dataDir, 'sqlite');
  return async (path) => {
    if (!isAbsolute(path) || path.includes('\0')) {
      throw new AppError(
        'connection.invalid_config',
        'The database of a SQLite connection is an absolute path',
        {
          errors: [{ path: '/database', message: 'must be an absolute path' }],
        },
      );
    }
    const real = await realPathOf(path);
    const allowed = dirs
      ? (await Promise.all(dirs.map(realPathOf))).some((dir) => isInside(real, dir))
      : !isInside(real, await realPathOf(dataDir)) || isInside(real, await realPathOf(samples));
    if (!allowed) {
      throw new AppError(
        'connection.address_denied',
        'The file lies outside of the folders that SQLITE_DIRS permits',
      );
    }
    return real;
  };
}

function isInside(path: string, dir: string): boolean {
  return path.startsWith(dir.endsWith(sep) ? dir : dir + sep);
}

/** The real path of what is there, with the missing last part as it was written. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    return resolve(await realPathOf(parent), path.slice(parent.length).replace(/^[/\\]+/, ''));
  }
}
