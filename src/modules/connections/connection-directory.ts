import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { EntityManager, Repository } from 'typeorm';
import { AppError } from '../../common/app-error';
import { decodeCursor, toPage, type Page } from '../../common/pagination';
import type { PageQuery } from '../../common/page-query.dto';
import { SignalBus } from '../../database/signal-bus';
import { driverFor } from '../../drivers';
import type { ConnectionInput } from '../../drivers/driver';
import { DatabaseConnection, type AccountInfo, type SchemaInfo } from './connection.entity';
import type { ConnectionRecord } from './connection-record';
import { ConnectionVault } from './connection-vault';

export const CONNECTION_TOPIC = 'connection';
const MAX_CACHED = 10_000;

/** The saved connections, without their secrets; cached in the process until a replica signals a change. */
@Injectable()
export class ConnectionDirectory {
  private readonly cache = new LRUCache<string, ConnectionRecord>({ max: MAX_CACHED });
  private epoch = 0;

  constructor(
    @InjectRepository(DatabaseConnection) private readonly connections: Repository<DatabaseConnection>,
    private readonly vault: ConnectionVault,
    private readonly signals: SignalBus,
  ) {
    signals.on(CONNECTION_TOPIC, (id) => {
      this.epoch++;
      this.cache.delete(id);
    });
    signals.onGap(() => {
      this.epoch++;
      this.cache.clear();
    });
  }

  async find(id: string, fresh = false): Promise<ConnectionRecord | null> {
    const known = fresh || !this.signals.isLive ? undefined : this.cache.get(id);
    if (known) return known;
    const before = this.epoch;
    const row = await this.connections.findOneBy({ id });
    if (!row) return null;
    const record = await this.recordOf(row);
    if (this.signals.isLive && before === this.epoch) this.cache.set(id, record);
    return record;
  }

  async findByName(name: string): Promise<ConnectionRecord | null> {
    const row = await this.connections.findOneBy({ name });
    return row && this.recordOf(row);
  }

  /** @throws AppError `resource.not_found` */
  async require(id: string, fresh = true): Promise<ConnectionRecord> {
    const record = await this.find(id, fresh);
    if (!record) throw new AppError('resource.not_found', 'There is no such connection');
    return record;
  }

  /** @param ids those to choose from; `null` for all */
  async list(ids: readonly string[] | null, page: PageQuery): Promise<Page<ConnectionRecord>> {
    const select = this.connections
      .createQueryBuilder('c')
      .orderBy('c.name', 'ASC')
      .limit(page.limit + 1);
    if (ids) select.andWhere('c.id = ANY(:ids::uuid[])', { ids });
    if (page.cursor) {
      const [name] = decodeCursor(page.cursor, ['text']);
      select.andWhere('c.name > :name', { name });
    }
    const rows = await select.getMany();
    const { items, nextCursor } = toPage(rows, page.limit, ({ name }) => [name]);
    return { items: await Promise.all(items.map((row) => this.recordOf(row))), nextCursor };
  }

  /**
   * The opened configuration of exactly this revision.
   * @throws AppError `resource.not_found` when it was changed or deleted meanwhile
   */
  async configOf(record: ConnectionRecord): Promise<ConnectionInput> {
    const row = await this.connections.findOneBy({ id: record.id, revision: record.revision });
    if (!row) throw new AppError('resource.not_found', 'The connection was changed meanwhile');
    return this.vault.open(row.id, row.config);
  }

  /** When the catalog of this revision was last read; `null` when it never was. */
  async schemaReadAt({ id, revision }: ConnectionRecord): Promise<Date | null> {
    const row = await this.connections.findOne({
      where: { id },
      select: { lastSchemaSync: true, schemaInfo: true },
    });
    return row?.schemaInfo?.revision === revision ? row.lastSchemaSync : null;
  }

  /** Notes that the catalog was read; the row stays locked until the transaction of `manager` ends. */
  async noteSchemaRead(
    manager: EntityManager,
    { id, revision }: ConnectionRecord,
    found: Omit<SchemaInfo, 'revision'>,
  ): Promise<void> {
    const schemaInfo: SchemaInfo = { revision, tables: found.tables, schemas: found.schemas };
    await manager.update(DatabaseConnection, { id }, { schemaInfo, lastSchemaSync: new Date() });
  }

  /** The catalog that was read does not hold any more: whoever wants it reads it anew. */
  async forgetSchema({ id }: Pick<ConnectionRecord, 'id'>): Promise<void> {
    await this.connections.update({ id }, { lastSchemaSync: null });
  }

  /** Notes what a test of this revision has found. */
  async noteAccount({ id, revision }: ConnectionRecord, found: Omit<AccountInfo, 'revision'>): Promise<void> {
    const accountInfo: AccountInfo = { revision, account: found.account, checkedAt: found.checkedAt };
    await this.connections.update({ id, revision }, { accountInfo });
  }

  private async recordOf(row: DatabaseConnection): Promise<ConnectionRecord> {
    const driver = await driverFor(row.type);
    return {
      id: row.id,
      name: row.name,
      displayName: row.displayName,
      description: row.description,
      type: row.type,
      dialect: driver.description.dialect,
      revision: row.revision,
      policyEpoch: row.policyEpoch,
      active: row.active,
      readOnly: row.readOnly,
      maxConnections: row.maxConnections,
      recordLiterals: row.recordLiterals,
      cacheTtlSeconds: row.cacheTtlSeconds,
      publicConfig: driver.publicConfig(driver.parseConfig(this.vault.open(row.id, row.config))),
      accountInfo: row.accountInfo?.revision === row.revision ? row.accountInfo : null,
      createdBy: row.createdBy,
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
    };
  }
}
