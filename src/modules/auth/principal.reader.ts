import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Principal, Role } from '../../common/principal';
import { SettingsService } from '../settings/settings.service';
import { hashApiKey } from './api-key-text';

interface UserRow {
  readonly user_id: string;
  readonly username: string;
  readonly role: Role;
  readonly attributes: string;
}

/** Reads who a credential stands for now: one statement that finds nothing when it has ended in any way. */
@Injectable()
export class PrincipalReader {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly settings: SettingsService,
  ) {}

  /** @throws AppError `auth.session_ended` */
  async bySession(sessionId: string, userId: string): Promise<Principal> {
    const idleMinutes = await this.settings.get('session_idle_minutes');
    const [row]: UserRow[] = await this.dataSource.query(
      `SELECT u.id AS user_id, u.username, u.role, u.attributes::text AS attributes
       FROM user_sessions s JOIN users u ON u.id = s.user_id
       WHERE s.id = $1 AND u.id = $2 AND u.is_active AND s.ended_at IS NULL AND s.expires_at > now()
         AND s.last_activity_at > now() - make_interval(mins => $3)`,
      [sessionId, userId, idleMinutes],
    );
    if (!row) throw new AppError('auth.session_ended');
    return { ...principalOf(row), sessionId };
  }

  /** @throws AppError `auth.invalid_api_key` */
  async byApiKey(text: string): Promise<Principal> {
    const [row]: (UserRow & { id: string })[] = await this.dataSource.query(
      `SELECT k.id, u.id AS user_id, u.username, u.role, u.attributes::text AS attributes
       FROM api_keys k JOIN users u ON u.id = k.user_id
       WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
         AND u.is_active`,
      [hashApiKey(text)],
    );
    if (!row) throw new AppError('auth.invalid_api_key');
    return { ...principalOf(row), apiKeyId: row.id };
  }

  /** Who a user is now, without a credential: for what goes on when the session that asked for it has ended. */
  async byUser(userId: string): Promise<Principal | null> {
    const [row]: UserRow[] = await this.dataSource.query(
      `SELECT id AS user_id, username, role, attributes::text AS attributes FROM users WHERE id = $1 AND is_active`,
      [userId],
    );
    return row ? principalOf(row) : null;
  }
}

function principalOf({ user_id: userId, username, role, attributes }: UserRow): Principal {
  return { userId, username, role, attributes };
}
