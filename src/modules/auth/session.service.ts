import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager, SelectQueryBuilder } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller, Principal, RequestOrigin, Role } from '../../common/principal';
import { CONFIG, type Config } from '../../config/config';
import type { BatchCheck } from '../../database/batch-statement';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { SettingsService } from '../settings/settings.service';
import { aliveCheck } from './alive-check';
import { authSignals } from './auth-signals';
import { RefreshTokens, type RefreshToken } from './refresh-token';
import { UserSession } from './user-session.entity';

export interface OpenedSession {
  readonly userId: string;
  readonly role: Role;
  readonly sessionId: string;
  readonly refreshToken: string;
}

const MAX_LISTED = 500;

type EndReason = 'logout' | 'revoked' | 'refresh_reused' | 'password_changed' | 'user_deactivated';

/** Sessions: a row in the database that every token hangs on, so that ending it ends them everywhere at once. */
@Injectable()
export class SessionService {
  private readonly tokens: RefreshTokens;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) config: Config,
    private readonly settings: SettingsService,
    private readonly bus: SignalBus,
    private readonly audit: AuditService,
  ) {
    this.tokens = new RefreshTokens(config.jwtSecret);
  }

  /** For routes with `session: 'cached'`: to be added to the group commit that precedes their work. */
  aliveCheck(principal: Principal): BatchCheck {
    return aliveCheck(principal);
  }

  async open(
    manager: EntityManager,
    user: { readonly id: string; readonly role: Role },
    origin: RequestOrigin,
  ): Promise<OpenedSession> {
    const hours = await this.settings.get('session_timeout_hours');
    const token = this.tokens.issue(randomUUID());
    await manager.query(
      `INSERT INTO user_sessions (id, user_id, session_token, ip_address, user_agent, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + make_interval(hours => $6))`,
      [token.sessionId, user.id, token.hash, origin.ip, origin.userAgent, hours],
    );
    return { userId: user.id, role: user.role, sessionId: token.sessionId, refreshToken: token.text };
  }

  /**
   * Exchanges a refresh token for the next one. Of two that come at once, the statement lets one through.
   * @throws AppError `auth.invalid_token` for what was never one, `auth.session_ended`; a token that was used before
   * ends its session
   */
  async rotate(text: string, origin: RequestOrigin): Promise<OpenedSession> {
    const used = this.tokens.parse(text);
    if (!used) throw new AppError('auth.invalid_token', 'This is no refresh token');
    const next = this.tokens.issue(used.sessionId);
    const idleMinutes = await this.settings.get('session_idle_minutes');
    const [rows]: [{ user_id: string; role: Role }[], number] = await this.dataSource.query(
      `UPDATE user_sessions s SET session_token = $3, last_activity_at = now()
       FROM users u
       WHERE s.id = $1 AND s.session_token = $2 AND s.ended_at IS NULL AND s.expires_at > now()
         AND s.last_activity_at > now() - make_interval(mins => $4) AND u.id = s.user_id AND u.is_active
       RETURNING s.user_id, u.role`,
      [used.sessionId, used.hash, next.hash, idleMinutes],
    );
    const [row] = rows;
    if (!row) {
      await this.endReused(used, origin);
      throw new AppError('auth.session_ended');
    }
    return { userId: row.user_id, role: row.role, sessionId: used.sessionId, refreshToken: next.text };
  }

  /** The sessions of a user that have not ended, latest use first; at most 500. */
  list(userId: string): Promise<UserSession[]> {
    return this.running(userId)
      .orderBy('session.last_activity_at', 'DESC')
      .addOrderBy('session.id')
      .limit(MAX_LISTED)
      .getMany();
  }

  /** @throws AppError `resource.not_found` for what is not a running session of that user */
  async find(userId: string, sessionId: string): Promise<UserSession> {
    const session = await this.running(userId).andWhere('session.id = :sessionId', { sessionId }).getOne();
    if (!session) throw new AppError('resource.not_found');
    return session;
  }

  /** @throws AppError `resource.not_found` for what is not a running session of that user */
  async revoke(caller: Caller, userId: string, sessionId: string, reason: EndReason): Promise<void> {
    await this.bus.transaction(async (manager) => {
      const [ended]: [unknown[], number] = await manager.query(
        `UPDATE user_sessions SET ended_at = now(), end_reason = $3
         WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > now() RETURNING id`,
        [sessionId, userId, reason],
      );
      // Of two log-outs at once, the second finds what it wanted.
      if (ended.length === 0 && reason === 'logout') return;
      if (ended.length === 0) throw new AppError('resource.not_found');
      await this.audit.recordIn(manager, {
        action: reason === 'logout' ? 'auth.logout' : 'session.revoke',
        resourceType: 'session',
        resourceId: sessionId,
        result: 'success',
        details: { userId },
        ...byCaller(caller),
      });
      await this.bus.publish(manager, authSignals.session, sessionId);
    });
  }

  /** Ends every session of a user, with a record of its own. */
  async revokeAll(caller: Caller, userId: string): Promise<void> {
    await this.bus.transaction(async (manager) => {
      const ended = await this.endAll(manager, userId, 'revoked');
      await this.audit.recordIn(manager, {
        action: 'session.revoke_all',
        resourceType: 'user',
        resourceId: userId,
        result: 'success',
        details: { ended },
        ...byCaller(caller),
      });
    });
  }

  /**
   * Ends the sessions of a user as part of another change.
   * @returns how many ended
   */
  async endAll(manager: EntityManager, userId: string, reason: EndReason, except?: string): Promise<number> {
    const [, ended]: [unknown[], number] = await manager.query(
      `UPDATE user_sessions SET ended_at = now(), end_reason = $2
       WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3::uuid`,
      [userId, reason, except ?? null],
    );
    await this.bus.publish(manager, authSignals.user, userId);
    return ended;
  }

  private running(userId: string): SelectQueryBuilder<UserSession> {
    return this.dataSource
      .getRepository(UserSession)
      .createQueryBuilder('session')
      .where('session.user_id = :userId AND session.ended_at IS NULL AND session.expires_at > now()', {
        userId,
      });
  }

  private async endReused(used: RefreshToken, origin: RequestOrigin): Promise<void> {
    await this.bus.transaction(async (manager) => {
      const [[reused]]: [{ user_id: string; username: string }[], number] = await manager.query(
        `UPDATE user_sessions s SET ended_at = now(), end_reason = 'refresh_reused'
         FROM users u
         WHERE s.id = $1 AND s.session_token <> $2 AND s.ended_at IS NULL AND u.id = s.user_id
         RETURNING s.user_id, u.username`,
        [used.sessionId, used.hash],
      );
      if (!reused) return;
      await this.audit.recordIn(manager, {
        action: 'auth.refresh_reused',
        resourceType: 'session',
        resourceId: used.sessionId,
        result: 'failure',
        actor: { userId: reused.user_id, username: reused.username },
        origin,
      });
      await this.bus.publish(manager, authSignals.session, used.sessionId);
    });
  }
}
