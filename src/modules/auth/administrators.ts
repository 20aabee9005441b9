import type { EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';

/**
 * Serialises, on all replicas, every change that could take the last active administrator away. To be called before
 * the change reads anything: what is read after it is true until the transaction ends.
 */
export async function lockAdministrators(manager: EntityManager): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('sluice.administrators', 0))`);
}

/** @throws AppError `user.last_admin`; only under `lockAdministrators` */
export async function requireAnotherAdministrator(manager: EntityManager, userId: string): Promise<void> {
  const [row]: { others: boolean }[] = await manager.query(
    `SELECT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active AND id <> $1) AS others`,
    [userId],
  );
  if (!row?.others) throw new AppError('user.last_admin');
}
