import { AppError } from '../../common/app-error';

export function refused(detail: string): AppError {
  return new AppError('shard.move_refused', detail);
}
