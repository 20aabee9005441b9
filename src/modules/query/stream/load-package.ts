import { AppError } from '../../../common/app-error';

/**
 * A package that a format needs and an installation may leave out.
 * @throws AppError `query.format_missing`
 */
export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new AppError('query.format_missing', `The format needs the npm package ${name}`, { cause: error });
  }
}
