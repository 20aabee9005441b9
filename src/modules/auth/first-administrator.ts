import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { bySystem } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { lockAdministrators } from './administrators';
import { USERNAME } from './dto/user.dto';
import { PasswordHasher } from './password.hasher';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from './require-strong-password';
import { User } from './user.entity';

export interface NewAdministrator {
  readonly username: string;
  /** Only when it was made up here: to be shown once. */
  readonly password: string | null;
}

/** Creates the administrator when there is no user at all; of replicas that start at once, one does. */
@Injectable()
export class FirstAdministrator implements OnModuleInit {
  private made: NewAdministrator | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly hasher: PasswordHasher,
    private readonly audit: AuditService,
  ) {}

  /** Created by this start, `null` when there were users already. */
  get created(): NewAdministrator | null {
    return this.made;
  }

  async onModuleInit(): Promise<void> {
    this.made = await this.dataSource.transaction(async (manager) => {
      await lockAdministrators(manager);
      if (await manager.existsBy(User, {})) return null;
      const { adminUsername: username, adminPassword } = this.config;
      requireUsable(username, adminPassword);
      const password = adminPassword ?? randomBytes(15).toString('base64url');
      const { id } = await manager.save(
        manager.create(User, {
          username,
          // RFC 2606: a name that never resolves, until the administrator puts an address in its place.
          email: 'admin@sluice.invalid',
          fullName: null,
          role: 'admin',
          isActive: true,
          passwordHash: await this.hasher.hash(password),
        }),
      );
      await this.audit.recordIn(manager, {
        action: 'user.create',
        resourceType: 'user',
        resourceId: id,
        result: 'success',
        details: { username, role: 'admin' },
        ...bySystem,
      });
      return { username, password: adminPassword === null ? password : null };
    });
  }
}

/** Less than for users: who sets the environment knows what they do; a short password is a mistake all the same. */
function requireUsable(username: string, password: string | null): void {
  const problems: string[] = [];
  if (!USERNAME.test(username) || username.length < 3 || username.length > 50) {
    problems.push('ADMIN_USERNAME must be 3 to 50 letters, digits and . _ - @ +');
  }
  if (password !== null && (password.length < MIN_PASSWORD_LENGTH || password.length > MAX_PASSWORD_LENGTH)) {
    problems.push(`ADMIN_PASSWORD must have ${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
