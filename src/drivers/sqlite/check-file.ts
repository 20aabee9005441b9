import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../common/app-error';

const details: Readonly<Record<string, string>> = {
  ENOENT: 'The database file does not exist.',
  ENOTDIR: 'The database file does not exist.',
  EACCES: 'The service may not look at the database file.',
};

/** Only a regular file is opened: a device or a pipe would block, or never end. */
export async function checkFile(file: string): Promise<void> {
  if (!path.isAbsolute(file)) throw new AppError('connection.address_denied', 'The path must be absolute.');
  let regular: boolean;
  try {
    regular = (await stat(file)).isFile();
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? '';
    throw new AppError('connection.file_unusable', details[reason], { extra: { reason } });
  }
  if (!regular) throw new AppError('connection.file_unusable', 'The path is not that of a file.');
}
