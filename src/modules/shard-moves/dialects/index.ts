import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import type { MoveDialect } from './move-dialect';
import { mysql } from './mysql';
import { postgresql } from './postgresql';

const dialects: Partial<Readonly<Record<Dialect, MoveDialect>>> = { mysql, postgresql };

/** @throws AppError `shard.move_refused` */
export function moveDialectOf(dialect: Dialect | null): MoveDialect {
  const found = dialect && dialects[dialect];
  if (!found) throw new AppError('shard.move_refused', 'Keys move between PostgreSQL or MySQL shards only');
  return found;
}
