import { AppError } from '../common/app-error';

const UNIQUE_VIOLATION = '23505';

/** @throws AppError `resource.name_taken` when `work` fails on a unique constraint, which is that of a name */
export async function refuseTakenName<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if ((error as { code?: string }).code === UNIQUE_VIOLATION) throw new AppError('resource.name_taken');
    throw error;
  }
}
