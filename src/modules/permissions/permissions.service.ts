import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { CacheService } from '../../cache/cache.service';
import type { ObjectTable } from '../../cache/object-table';
import { AppError } from '../../common/app-error';
import type { Caller, Principal } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { ConnectionPermission } from './connection-permission.entity';
import type { ListedProcedure } from './listed-procedure';
import { administratorPermission, type GrantedPermission, type Permission } from './permission';
import type { PermissionBody } from './permission.dto';

/** Signals of changed permissions; the key is `permissionKey`. */
export const PERMISSION_TOPIC = 'permission';
const MAX_CACHED = 50_000;

interface PermissionRow {
  user_id: string;
  connection_id: string;
  can_query: boolean;
  can_write: boolean;
  unmasked: boolean;
  allowed_schemas: string[] | null;
  allowed_tables: string[] | null;
  writable_tables: string[] | null;
  max_rows_per_query: number | null;
  max_rows_per_write: number | null;
  max_execution_time_seconds: number;
  max_concurrent_queries: number | null;
  daily_runs: number | null;
  daily_rows: string | null;
  daily_seconds: number | null;
  procedures: ListedProcedure[];
  version: string;
}

/**
 * Who may do what where. Reads are cached in the process; a change signals every replica, and whoever acts on a
 * cached answer confirms it with `permissionUnchanged` when it is recorded.
 */
@Injectable()
export class PermissionsService {
  private readonly cache: ObjectTable<{ permission: GrantedPermission | null }>;
  private epoch = 0;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
    cache: CacheService,
  ) {
    this.cache = cache.objects('permissions', { max: MAX_CACHED });
    signals.on(PERMISSION_TOPIC, (key) => {
      this.epoch++;
      this.cache.delete(key);
    });
    signals.onGap(() => {
      this.epoch++;
      this.cache.clear();
    });
  }

  /** @returns `null` when the principal has nothing to do with the connection */
  async find(principal: Principal, connectionId: string, fresh = false): Promise<GrantedPermission | null> {
    if (principal.role === 'admin') return administratorPermission;
    const key = permissionKey(principal.userId, connectionId);
    const known = fresh || !this.signals.isLive ? undefined : this.cache.get(key);
    if (known) return known.permission;
    const before = this.epoch;
    const permission = await this.read(principal.userId, connectionId);
    // What changed while it was read may not be what was read.
    if (this.signals.isLive && before === this.epoch) this.cache.set(key, { permission });
    return permission;
  }

  /** Ids of the connections a principal has a permission on; `null` for all. */
  async connectionIdsOf(principal: Principal): Promise<string[] | null> {
    if (principal.role === 'admin') return null;
    const rows: { connection_id: string }[] = await this.dataSource.query(
      'SELECT connection_id FROM connection_permissions WHERE user_id = $1',
      [principal.userId],
    );
    return rows.map((row) => row.connection_id);
  }

  /** Every permission of one user, the first granted first. */
  async allOf(userId: string): Promise<ConnectionPermission[]> {
    return this.dataSource
      .getRepository(ConnectionPermission)
      .find({ where: { userId }, order: { createdAt: 'ASC', id: 'ASC' } });
  }

  async list(connectionId: string): Promise<ConnectionPermission[]> {
    await this.requireConnection(this.dataSource.manager, connectionId);
    return this.dataSource
      .getRepository(ConnectionPermission)
      .find({ where: { connectionId }, order: { createdAt: 'ASC', id: 'ASC' } });
  }

  async get(connectionId: string, userId: string): Promise<ConnectionPermission> {
    const found = await this.dataSource
      .getRepository(ConnectionPermission)
      .findOneBy({ connectionId, userId });
    if (!found) throw new AppError('resource.not_found');
    return found;
  }

  async grant(
    caller: Caller,
    connectionId: string,
    userId: string,
    body: PermissionBody,
  ): Promise<ConnectionPermission> {
    await this.signals.transaction(async (manager) => {
      await this.requireConnection(manager, connectionId);
      const before = await manager.findOneBy(ConnectionPermission, { connectionId, userId });
      await this.upsert(manager, caller, connectionId, userId, body);
      await this.recordChange(manager, caller, 'permission.grant', connectionId, userId, {
        before: before && permissionOf(before),
        after: permissionOf(body),
      });
    });
    return this.get(connectionId, userId);
  }

  async revoke(caller: Caller, connectionId: string, userId: string): Promise<void> {
    await this.signals.transaction(async (manager) => {
      const before = await manager.findOneBy(ConnectionPermission, { connectionId, userId });
      if (!before) throw new AppError('resource.not_found');
      await manager.delete(ConnectionPermission, { id: before.id });
      await this.recordChange(manager, caller, 'permission.revoke', connectionId, userId, {
        before: permissionOf(before),
      });
    });
  }

  /**
   * Replaces the procedures that a user may call; they hang on the permission and go with it.
   * @throws AppError `resource.not_found` when there is no permission
   */
  async listProcedures(
    caller: Caller,
    connectionId: string,
    userId: string,
    items: readonly ListedProcedure[],
  ): Promise<readonly ListedProcedure[]> {
    return this.signals.transaction(async (manager) => {
      const before = await manager.findOne(ConnectionPermission, {
        where: { connectionId, userId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!before) throw new AppError('resource.not_found');
      const procedures = items.map(({ procedure, reads, writes }) => ({ procedure, reads, writes }));
      await manager.update(ConnectionPermission, { id: before.id }, { procedures });
      await this.recordChange(manager, caller, 'permission.procedures', connectionId, userId, {
        before: before.procedures,
        after: procedures,
      });
      return procedures;
    });
  }

  private async upsert(
    manager: EntityManager,
    caller: Caller,
    connectionId: string,
    userId: string,
    body: PermissionBody,
  ): Promise<void> {
    try {
      await manager.upsert(
        ConnectionPermission,
        { ...permissionOf(body), connectionId, userId, grantedBy: caller.principal.userId },
        ['userId', 'connectionId'],
      );
    } catch (error) {
      // 23503 foreign_key_violation: no such user (the connection was looked up before).
      if ((error as { code?: string }).code === '23503')
        throw new AppError('resource.not_found', 'There is no such user');
      throw error;
    }
  }

  private async recordChange(
    manager: EntityManager,
    caller: Caller,
    action: string,
    connectionId: string,
    userId: string,
    details: Record<string, unknown>,
  ): Promise<void> {
    await this.audit.recordIn(manager, {
      ...byCaller(caller),
      action,
      resourceType: 'permission',
      resourceId: permissionKey(userId, connectionId),
      result: 'success',
      details: { connectionId, userId, ...details },
    });
    await this.signals.publish(manager, PERMISSION_TOPIC, permissionKey(userId, connectionId));
  }

  private async requireConnection(manager: EntityManager, connectionId: string): Promise<void> {
    const rows: unknown[] = await manager.query('SELECT 1 FROM database_connections WHERE id = $1', [
      connectionId,
    ]);
    if (rows.length === 0) throw new AppError('resource.not_found', 'There is no such connection');
  }

  private async read(userId: string, connectionId: string): Promise<GrantedPermission | null> {
    const [row] = (await this.dataSource.query(
      `SELECT *, xmin::text AS version FROM connection_permissions WHERE user_id = $1 AND connection_id = $2`,
      [userId, connectionId],
    )) as PermissionRow[];
    if (!row) return null;
    return {
      canQuery: row.can_query,
      canWrite: row.can_write,
      unmasked: row.unmasked,
      allowedSchemas: row.allowed_schemas,
      allowedTables: row.allowed_tables,
      writableTables: row.writable_tables,
      maxRowsPerQuery: row.max_rows_per_query,
      maxRowsPerWrite: row.max_rows_per_write,
      maxExecutionTimeSeconds: row.max_execution_time_seconds,
      maxConcurrentQueries: row.max_concurrent_queries,
      dailyRuns: row.daily_runs,
      dailyRows: row.daily_rows === null ? null : Number(row.daily_rows),
      dailySeconds: row.daily_seconds,
      version: row.version,
      procedures: row.procedures,
    };
  }
}

type Mutable<T> = {
  -readonly [K in keyof T]: T[K] extends readonly string[] | null ? string[] | null : T[K];
};

export function permissionKey(userId: string, connectionId: string): string {
  return `${userId}:${connectionId}`;
}

function permissionOf(source: Permission): Mutable<Permission> {
  return {
    canQuery: source.canQuery,
    canWrite: source.canWrite,
    unmasked: source.unmasked,
    allowedSchemas: source.allowedSchemas && [...source.allowedSchemas],
    allowedTables: source.allowedTables && [...source.allowedTables],
    writableTables: source.writableTables && [...source.writableTables],
    maxRowsPerQuery: source.maxRowsPerQuery,
    maxRowsPerWrite: source.maxRowsPerWrite,
    maxExecutionTimeSeconds: source.maxExecutionTimeSeconds,
    maxConcurrentQueries: source.maxConcurrentQueries,
    dailyRuns: source.dailyRuns,
    dailyRows: source.dailyRows,
    dailySeconds: source.dailySeconds,
  };
}
