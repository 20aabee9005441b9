import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller, RequestOrigin } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { AuditService } from '../audit/audit.service';
import { AccessTokens } from './access-tokens';
import { presentUser } from './dto/user.view';
import type { TokenAnswer } from './dto/auth.dto';
import { HashingQueue } from './hashing.queue';
import { attemptOf, LoginThrottle, type LoginAttempt } from './login-throttle';
import { PasswordHasher } from './password.hasher';
import { requireStrongPassword } from './require-strong-password';
import { SessionService, type OpenedSession } from './session.service';
import { User } from './user.entity';

type Failure = 'unknown_user' | 'wrong_password' | 'inactive' | 'throttled';

const MAX_RECORDED_NAME = 100;

/** What happens with passwords at the door. */
@Injectable()
export class LoginService {
  /** Throttled attempts are recorded once a minute for each account and address: a flood must not fill the record. */
  private readonly recordedThrottles = new LRUCache<string, true>({ max: 10_000, ttl: 60_000 });

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly throttle: LoginThrottle,
    private readonly queue: HashingQueue,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionService,
    private readonly tokens: AccessTokens,
    private readonly audit: AuditService,
    private readonly bus: SignalBus,
  ) {}

  /**
   * Users that do not exist, are switched off, or have another password: one answer, after the same work.
   * @throws AppError `auth.invalid_credentials`, `auth.too_many_attempts`
   */
  async login(username: string, password: string, origin: RequestOrigin): Promise<TokenAnswer> {
    const attempt = attemptOf(username, origin.ip);
    await this.requireNotThrottled(attempt, username, origin);
    return this.queue.run(attempt.address, async () => {
      // Again, because others were refused while this one waited for its place.
      await this.requireNotThrottled(attempt, username, origin);
      const user = await this.findByName(username);
      const matches = await this.hasher.verify(user?.passwordHash ?? null, password);
      if (!user) throw await this.refuse('unknown_user', attempt, username, origin);
      if (!matches) throw await this.refuse('wrong_password', attempt, username, origin, user);
      const session = user.isActive ? await this.openSession(user, origin) : null;
      if (!session) throw await this.refuse('inactive', attempt, username, origin, user);
      await this.throttle.succeeded(attempt);
      return this.answer(session);
    });
  }

  /** @throws AppError `auth.invalid_token`, `auth.session_ended` */
  async refresh(refreshToken: string, origin: RequestOrigin): Promise<TokenAnswer> {
    return this.answer(await this.sessions.rotate(refreshToken, origin));
  }

  /**
   * Ends the other sessions of the caller. Guessing the present password is throttled like a log-in.
   * @throws AppError `auth.invalid_credentials`, `auth.too_many_attempts`, `auth.weak_password`
   */
  async changePassword(
    { principal, origin }: Caller,
    currentPassword: string,
    newPassword: string,
  ): Promise<void> {
    const { userId, username, sessionId } = principal;
    const attempt = attemptOf(username, origin.ip);
    await this.throttle.check(attempt);
    const user = await this.findById(userId);
    requireStrongPassword(newPassword, user);
    const hashes = await this.queue.run(userId, async () => {
      await this.throttle.check(attempt);
      const matches = await this.hasher.verify(user.passwordHash, currentPassword);
      return matches ? { from: user.passwordHash, to: await this.hasher.hash(newPassword) } : null;
    });
    const actor = { userId, username };
    if (!hashes) {
      await this.throttle.failed(attempt);
      await this.audit.record({ action: 'auth.password', result: 'failure', actor, origin });
      throw new AppError('auth.invalid_credentials', 'The current password is wrong');
    }
    await this.bus.transaction(async (manager) => {
      const { affected } = await manager.update(
        User,
        { id: userId, passwordHash: hashes.from },
        { passwordHash: hashes.to },
      );
      if (affected !== 1) throw new AppError('auth.invalid_credentials', 'The current password is wrong');
      const ended = await this.sessions.endAll(manager, userId, 'password_changed', sessionId);
      const details = { endedSessions: ended };
      await this.audit.recordIn(manager, {
        action: 'auth.password',
        result: 'success',
        details,
        actor,
        origin,
      });
    });
  }

  /** The password may have been changed, or the user switched off, since it was checked: then there is no session. */
  private openSession(user: User, origin: RequestOrigin): Promise<OpenedSession | null> {
    return this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(
        User,
        { id: user.id, isActive: true, passwordHash: user.passwordHash },
        { lastLoginAt: () => 'now()' },
      );
      if (affected !== 1) return null;
      const session = await this.sessions.open(manager, user, origin);
      await this.audit.recordIn(manager, {
        action: 'auth.login',
        resourceType: 'session',
        resourceId: session.sessionId,
        result: 'success',
        actor: { userId: user.id, username: user.username },
        origin,
      });
      return session;
    });
  }

  private async answer({ userId, sessionId, role, refreshToken }: OpenedSession): Promise<TokenAnswer> {
    const user = await this.findById(userId);
    return {
      accessToken: this.tokens.sign({ sub: userId, sid: sessionId, role }),
      refreshToken,
      tokenType: 'Bearer',
      expiresIn: this.tokens.lifeSeconds,
      user: presentUser(user),
    };
  }

  private findByName(username: string): Promise<User | null> {
    return this.withHash().where('lower(u.username) = lower(:name)', { name: username.trim() }).getOne();
  }

  /** @throws AppError `auth.session_ended` when the user is gone since the request began */
  private async findById(id: string): Promise<User> {
    const user = await this.withHash().where('u.id = :id', { id }).getOne();
    if (!user) throw new AppError('auth.session_ended');
    return user;
  }

  private withHash() {
    return this.dataSource.getRepository(User).createQueryBuilder('u').addSelect('u.passwordHash');
  }

  private async requireNotThrottled(
    attempt: LoginAttempt,
    username: string,
    origin: RequestOrigin,
  ): Promise<void> {
    try {
      await this.throttle.check(attempt);
    } catch (error) {
      const pair = `${attempt.account}:${attempt.address}`;
      if (!this.recordedThrottles.has(pair)) {
        this.recordedThrottles.set(pair, true);
        await this.recordFailure('throttled', username, origin);
      }
      throw error;
    }
  }

  private async refuse(
    failure: Failure,
    attempt: LoginAttempt,
    username: string,
    origin: RequestOrigin,
    user?: User,
  ): Promise<AppError> {
    await this.throttle.failed(attempt);
    await this.recordFailure(failure, username, origin, user);
    return new AppError('auth.invalid_credentials');
  }

  private recordFailure(
    reason: Failure,
    username: string,
    origin: RequestOrigin,
    user?: User,
  ): Promise<void> {
    return this.audit.record({
      action: 'auth.login',
      result: 'failure',
      details: { reason, username: username.slice(0, MAX_RECORDED_NAME) },
      actor: { userId: user?.id ?? null, username: user?.username ?? null },
      origin,
    });
  }
}
