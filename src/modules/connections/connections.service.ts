import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { refuseTakenName } from '../../database/refuse-taken-name';
import { SignalBus } from '../../database/signal-bus';
import { driverFor } from '../../drivers';
import type { ConnectionInput, ConnectionType } from '../../drivers/driver';
import { byCaller, type AuditEvent } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { CONNECTION_TOPIC, ConnectionDirectory } from './connection-directory';
import type { ConnectionBody, ConnectionPatch } from './connection.dto';
import { DatabaseConnection } from './connection.entity';
import type { ConnectionRecord } from './connection-record';
import { ConnectionVault } from './connection-vault';
import { defaultRecordLiterals } from './record-literals';
import { mergeTarget, needsPassword, targetOf } from './merge-input';

const DEFAULT_MAX_CONNECTIONS = 10;

/** Who makes a change: `byCaller(…)`, or `bySystem`. */
type Author = Pick<AuditEvent, 'actor' | 'origin'>;

/** Saves connections. Every change raises the revision, is recorded in its transaction and reaches all replicas. */
@Injectable()
export class ConnectionsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly directory: ConnectionDirectory,
    private readonly vault: ConnectionVault,
    private readonly audit: AuditService,
    private readonly signals: SignalBus,
  ) {}

  async create(by: Author, body: ConnectionBody): Promise<ConnectionRecord> {
    const id = await this.signals.transaction((manager) => this.createIn(manager, by, body));
    return this.directory.require(id, true);
  }

  async update(by: Author, id: string, patch: ConnectionPatch): Promise<ConnectionRecord> {
    await this.signals.transaction((manager) => this.updateIn(manager, by, id, patch));
    return this.directory.require(id, true);
  }

  async delete(caller: Caller, id: string): Promise<void> {
    await this.signals.transaction((manager) => this.deleteIn(manager, byCaller(caller), id));
  }

  /**
   * As part of another change.
   * @param manager of `SignalBus.transaction`
   * @returns the id
   */
  async createIn(manager: EntityManager, by: Author, body: ConnectionBody): Promise<string> {
    const input = targetOf(body);
    await requireParses(body.type, input);
    const id = randomUUID();
    await refuseTakenName(() =>
      manager.insert(DatabaseConnection, {
        id,
        name: body.name,
        displayName: body.displayName ?? null,
        description: body.description ?? null,
        type: body.type,
        config: this.vault.seal(id, input),
        revision: 1,
        active: body.active ?? true,
        readOnly: body.readOnly ?? true,
        maxConnections: body.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
        recordLiterals: body.recordLiterals ?? defaultRecordLiterals,
        cacheTtlSeconds: body.cacheTtlSeconds ?? null,
        createdBy: by.actor.userId,
      }),
    );
    await this.recordChange(manager, by, 'connection.create', id, {
      name: body.name,
      type: body.type,
      recordLiterals: body.recordLiterals ?? defaultRecordLiterals,
    });
    return id;
  }

  /** As part of another change. */
  async updateIn(manager: EntityManager, by: Author, id: string, patch: ConnectionPatch): Promise<void> {
    const row = await manager.findOne(DatabaseConnection, {
      where: { id },
      lock: { mode: 'pessimistic_write' },
    });
    if (!row) throw new AppError('resource.not_found', 'There is no such connection');
    const target = targetOf(patch);
    const saved = this.vault.open(id, row.config);
    const merged = mergeTarget(saved, target);
    if (needsPassword(saved, merged, target)) {
      throw new AppError('connection.invalid_config', 'A change of the server needs the password again', {
        errors: [{ path: '/password', message: 'is needed when host, port, replicas or ssl change' }],
      });
    }
    const type = patch.type ?? row.type;
    await requireParses(type, merged);
    await refuseTakenName(() =>
      manager.update(
        DatabaseConnection,
        { id },
        {
          name: patch.name ?? row.name,
          displayName: patch.displayName === undefined ? row.displayName : patch.displayName,
          description: patch.description === undefined ? row.description : patch.description,
          type,
          config: this.vault.seal(id, merged),
          revision: row.revision + 1,
          active: patch.active ?? row.active,
          readOnly: patch.readOnly ?? row.readOnly,
          maxConnections: patch.maxConnections ?? row.maxConnections,
          recordLiterals: patch.recordLiterals ?? row.recordLiterals,
          cacheTtlSeconds: patch.cacheTtlSeconds === undefined ? row.cacheTtlSeconds : patch.cacheTtlSeconds,
        },
      ),
    );
    await this.recordChange(manager, by, 'connection.update', id, {
      changed: Object.keys(patch).filter((name) => patch[name as keyof ConnectionPatch] !== undefined),
      // What the record keeps from now on is part of the record.
      ...(patch.recordLiterals && { recordLiterals: patch.recordLiterals }),
    });
  }

  /**
   * As part of another change.
   * @throws AppError `request.conflict` while shards rest on it
   */
  async deleteIn(manager: EntityManager, by: Author, id: string): Promise<void> {
    const row = await manager.findOneBy(DatabaseConnection, { id });
    if (!row) throw new AppError('resource.not_found', 'There is no such connection');
    await refuseInUse(() => manager.delete(DatabaseConnection, { id }));
    await this.recordChange(manager, by, 'connection.delete', id, { name: row.name, type: row.type });
  }

  /** Makes it the connection that the caller's requests mean when they name none. */
  async activate(caller: Caller, id: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query(
        `INSERT INTO active_connections (user_id, connection_id) VALUES ($1, $2)
         ON CONFLICT (user_id) DO UPDATE SET connection_id = excluded.connection_id`,
        [caller.principal.userId, id],
      );
      await this.audit.recordIn(manager, {
        ...byCaller(caller),
        action: 'connection.activate',
        resourceType: 'connection',
        resourceId: id,
        result: 'success',
      });
    });
  }

  async activeIdOf(userId: string): Promise<string | null> {
    const [row] = (await this.dataSource.query(
      'SELECT connection_id FROM active_connections WHERE user_id = $1',
      [userId],
    )) as { connection_id: string }[];
    return row?.connection_id ?? null;
  }

  private async recordChange(
    manager: EntityManager,
    by: Author,
    action: string,
    id: string,
    details: Record<string, unknown>,
  ): Promise<void> {
    await this.audit.recordIn(manager, {
      ...by,
      action,
      resourceType: 'connection',
      resourceId: id,
      result: 'success',
      details,
    });
    await this.signals.publish(manager, CONNECTION_TOPIC, id);
  }
}

async function requireParses(type: ConnectionType, input: ConnectionInput): Promise<void> {
  (await driverFor(type)).parseConfig(input);
}

/** foreign_key_violation; since PostgreSQL 18 ON DELETE RESTRICT is restrict_violation. */
const inUse = new Set(['23503', '23001']);

async function refuseInUse(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!inUse.has(String((error as { code?: string }).code))) throw error;
    throw new AppError('request.conflict', 'The connection is that of a shard or a shard group');
  }
}
