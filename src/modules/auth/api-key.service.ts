import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { IsNull, type DataSource, type EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { ApiKey } from './api-key.entity';
import { newApiKey } from './api-key-text';
import { authSignals } from './auth-signals';

const MAX_KEYS_OF_A_USER = 100;

/** Keys for programs: each acts as its user, with the role that the user has now. */
@Injectable()
export class ApiKeyService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly bus: SignalBus,
    private readonly audit: AuditService,
  ) {}

  /** The keys of a user that were not revoked, newest first; expired ones too. */
  list(userId: string): Promise<ApiKey[]> {
    return this.dataSource
      .getRepository(ApiKey)
      .find({ where: { userId, revokedAt: IsNull() }, order: { createdAt: 'DESC', id: 'ASC' } });
  }

  /**
   * @returns the record and the key itself, which is stored nowhere
   * @throws AppError `request.invalid` for an end in the past, `request.conflict` when there are too many
   */
  async create(
    caller: Caller,
    { name, expiresAt }: { name: string; expiresAt: Date | null },
  ): Promise<{ record: ApiKey; text: string }> {
    if (expiresAt && !(expiresAt.getTime() > Date.now())) {
      throw new AppError('request.invalid', undefined, {
        errors: [{ path: '/expiresAt', message: 'must be in the future' }],
      });
    }
    const { userId } = caller.principal;
    const { text, prefix, hash } = newApiKey();
    const record = await this.dataSource.transaction(async (manager) => {
      // The user's row is what two requests at once queue on, so that the count below holds.
      await manager.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [userId]);
      const count = await manager.countBy(ApiKey, { userId, revokedAt: IsNull() });
      if (count >= MAX_KEYS_OF_A_USER) {
        throw new AppError('request.conflict', `A user can have ${MAX_KEYS_OF_A_USER} keys`);
      }
      const key = await manager.save(
        manager.create(ApiKey, { userId, name, prefix, keyHash: hash, expiresAt }),
      );
      await this.audit.recordIn(manager, {
        action: 'api_key.create',
        resourceType: 'api_key',
        resourceId: key.id,
        result: 'success',
        details: { name, prefix, expiresAt },
        ...byCaller(caller),
      });
      return manager.findOneByOrFail(ApiKey, { id: key.id });
    });
    return { record, text };
  }

  /** @throws AppError `resource.not_found` for what is not a key of that user */
  async revoke(caller: Caller, userId: string, keyId: string): Promise<void> {
    await this.bus.transaction(async (manager) => {
      const [[key]]: [{ name: string; prefix: string }[], number] = await manager.query(
        `UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL
         RETURNING name, prefix`,
        [keyId, userId],
      );
      if (!key) throw new AppError('resource.not_found');
      await this.audit.recordIn(manager, {
        action: 'api_key.revoke',
        resourceType: 'api_key',
        resourceId: keyId,
        result: 'success',
        details: { ...key, userId },
        ...byCaller(caller),
      });
      await this.bus.publish(manager, authSignals.apiKey, keyId);
    });
  }

  /** Revokes every key of a user as part of another change, which also sends the signal. */
  async revokeAll(manager: EntityManager, userId: string): Promise<void> {
    await manager.query('UPDATE api_keys SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL', [
      userId,
    ]);
  }
}
