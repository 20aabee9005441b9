import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import { decodeCursor, toPage, type Page } from '../../common/pagination';
import type { Caller, Principal } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { lockAdministrators, requireAnotherAdministrator } from './administrators';
import { ApiKeyService } from './api-key.service';
import { authSignals } from './auth-signals';
import type { UserBody, UserChanges, UserQuery } from './dto/user.dto';
import { HashingQueue } from './hashing.queue';
import { PasswordHasher } from './password.hasher';
import { requireStrongPassword } from './require-strong-password';
import { SessionService } from './session.service';
import { explainUniqueViolation } from './unique-violation';
import { User } from './user.entity';

/** The accounts and what administrators do with them. Every change, its record and its signal are one transaction. */
@Injectable()
export class UserService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly bus: SignalBus,
    private readonly audit: AuditService,
    private readonly sessions: SessionService,
    private readonly apiKeys: ApiKeyService,
    private readonly hasher: PasswordHasher,
    private readonly queue: HashingQueue,
  ) {}

  /** @throws AppError `resource.not_found` */
  async find(id: string, manager: EntityManager = this.dataSource.manager): Promise<User> {
    const user = await manager.findOneBy(User, { id });
    if (!user) throw new AppError('resource.not_found');
    return user;
  }

  /** By username, in the order of the alphabet. */
  async list(query: UserQuery): Promise<Page<User>> {
    const select = this.dataSource
      .getRepository(User)
      .createQueryBuilder('u')
      .orderBy('lower(u.username)')
      .limit(query.limit + 1);
    if (query.role) select.andWhere('u.role = :role', { role: query.role });
    if (query.isActive !== undefined) select.andWhere('u.is_active = :active', { active: query.isActive });
    if (query.q) {
      select.andWhere(`strpos(lower(concat_ws(' ', u.username, u.email, u.full_name)), lower(:q)) > 0`, {
        q: query.q,
      });
    }
    if (query.cursor) {
      const [after] = decodeCursor(query.cursor, ['text']);
      select.andWhere('lower(u.username) > :after', { after });
    }
    return toPage(await select.getMany(), query.limit, ({ username }) => [username.toLowerCase()]);
  }

  /** @throws AppError `auth.weak_password`, `user.username_taken`, `user.email_taken` */
  async create(caller: Caller, body: UserBody): Promise<User> {
    requireStrongPassword(body.password, body);
    const passwordHash = await this.hash(caller.principal, body.password);
    return this.change(async (manager) => {
      const { id } = await manager.save(
        manager.create(User, {
          username: body.username,
          email: body.email,
          fullName: body.fullName ?? null,
          role: body.role ?? 'user',
          isActive: true,
          attributes: body.attributes ?? {},
          passwordHash,
        }),
      );
      const user = await this.find(id, manager);
      const { username, role } = user;
      await this.record(manager, caller, 'user.create', id, { username, role });
      return user;
    });
  }

  /**
   * @throws AppError `resource.not_found`, `user.last_admin`, `auth.weak_password`, `user.username_taken`,
   * `user.email_taken`
   */
  async update(caller: Caller, id: string, { password, ...rest }: UserChanges): Promise<User> {
    // A member of a DTO that was not sent is there as `undefined`.
    const changes: Omit<UserChanges, 'password'> = Object.fromEntries(
      Object.entries(rest).filter(([, value]) => value !== undefined),
    );
    let passwordHash: string | undefined;
    if (password !== undefined) {
      const { username, email } = await this.find(id);
      requireStrongPassword(password, { username, email, ...changes });
      passwordHash = await this.hash(caller.principal, password);
    }
    return this.change(async (manager) => {
      await lockAdministrators(manager);
      const before = await this.find(id, manager);
      const { role = before.role, isActive = before.isActive } = changes;
      const after = { role, isActive };
      const administers = (user: Pick<User, 'role' | 'isActive'>): boolean =>
        user.role === 'admin' && user.isActive;
      if (administers(before) && !administers(after)) await requireAnotherAdministrator(manager, id);
      const columns = { ...changes, ...(passwordHash !== undefined && { passwordHash }) };
      if (Object.keys(columns).length > 0) await manager.update(User, id, columns);
      await this.endCredentials(manager, caller, id, {
        deactivated: before.isActive && !after.isActive,
        passwordSet: passwordHash !== undefined,
      });
      await this.record(manager, caller, 'user.update', id, {
        username: before.username,
        changed: Object.keys(columns).map((name) => (name === 'passwordHash' ? 'password' : name)),
        ...(before.role !== after.role && { role: { from: before.role, to: after.role } }),
        ...(before.isActive !== after.isActive && { isActive: after.isActive }),
      });
      await this.bus.publish(manager, authSignals.user, id);
      return this.find(id, manager);
    });
  }

  /** @throws AppError `resource.not_found`, `user.last_admin` */
  async remove(caller: Caller, id: string): Promise<void> {
    await this.change(async (manager) => {
      await lockAdministrators(manager);
      const { username, role, isActive } = await this.find(id, manager);
      if (role === 'admin' && isActive) await requireAnotherAdministrator(manager, id);
      await this.record(manager, caller, 'user.delete', id, { username, role });
      await manager.delete(User, id);
      await this.bus.publish(manager, authSignals.user, id);
    });
  }

  private async change<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.bus.transaction(work);
    } catch (error) {
      throw explainUniqueViolation(error);
    }
  }

  /**
   * A user switched off keeps nothing that would work again when switched on; a password set by somebody else is the
   * answer to a stolen account. Whoever sets the own one keeps the session it was done in, and the keys.
   */
  private async endCredentials(
    manager: EntityManager,
    { principal }: Caller,
    userId: string,
    { deactivated, passwordSet }: { deactivated: boolean; passwordSet: boolean },
  ): Promise<void> {
    if (!deactivated && !passwordSet) return;
    const own = principal.userId === userId;
    const kept = own && !deactivated ? principal.sessionId : undefined;
    await this.sessions.endAll(manager, userId, deactivated ? 'user_deactivated' : 'password_changed', kept);
    if (deactivated || !own) await this.apiKeys.revokeAll(manager, userId);
  }

  private hash(principal: Principal, password: string): Promise<string> {
    return this.queue.run(principal.userId, () => this.hasher.hash(password));
  }

  private async record(
    manager: EntityManager,
    caller: Caller,
    action: string,
    id: string,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.audit.recordIn(manager, {
      action,
      resourceType: 'user',
      resourceId: id,
      result: 'success',
      details,
      ...byCaller(caller),
    });
  }
}
