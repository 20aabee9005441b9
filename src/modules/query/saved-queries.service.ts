import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Brackets, type DataSource, type EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller, Principal } from '../../common/principal';
import { pageNewestFirst } from '../../database/page-newest-first';
import { refuseTakenName } from '../../database/refuse-taken-name';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { ConnectionAccess } from '../connections/connection-access';
import { PermissionsService } from '../permissions/permissions.service';
import type { SavedQueryBody, SavedQueryPatch } from './saved-query.dto';
import { SavedQuery } from './saved-query.entity';

/** Statements kept under a name: one's own, and those others share on connections one may use. */
@Injectable()
export class SavedQueriesService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly access: ConnectionAccess,
    private readonly permissions: PermissionsService,
    private readonly audit: AuditService,
  ) {}

  async list(principal: Principal, page: PageQuery): Promise<Page<SavedQuery>> {
    const connectionIds = await this.permissions.connectionIdsOf(principal);
    const select = this.dataSource.getRepository(SavedQuery).createQueryBuilder('q');
    if (connectionIds) {
      select.where(
        new Brackets((visible) =>
          visible
            .where('q.owner_id = :userId', { userId: principal.userId })
            .orWhere('q.is_shared AND q.connection_id = ANY(:connectionIds::uuid[])', { connectionIds }),
        ),
      );
    }
    return pageNewestFirst(select, page);
  }

  /** @throws AppError `resource.not_found` for what is neither the principal's nor shared with them */
  async get(principal: Principal, id: string): Promise<SavedQuery> {
    const query = await this.dataSource.getRepository(SavedQuery).findOneBy({ id });
    if (!query) throw new AppError('resource.not_found');
    if (query.ownerId === principal.userId || principal.role === 'admin') return query;
    if (!query.shared) throw new AppError('resource.not_found');
    await this.access.require(principal, query.connectionId);
    return query;
  }

  async create(caller: Caller, body: SavedQueryBody): Promise<SavedQuery> {
    await this.access.require(caller.principal, body.connectionId);
    return this.dataSource.transaction(async (manager) => {
      const query = await saveUnderName(manager, {
        ownerId: caller.principal.userId,
        connectionId: body.connectionId,
        name: body.name,
        description: body.description ?? null,
        statement: body.statement,
        params: body.params ?? [],
        shared: body.shared ?? false,
      });
      await this.record(manager, caller, 'saved_query.create', query);
      return query;
    });
  }

  async update(caller: Caller, id: string, patch: SavedQueryPatch): Promise<SavedQuery> {
    const query = await this.requireOwn(caller.principal, id);
    if (patch.connectionId) await this.access.require(caller.principal, patch.connectionId);
    return this.dataSource.transaction(async (manager) => {
      const changes = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
      const saved = await saveUnderName(manager, Object.assign(query, changes));
      await this.record(manager, caller, 'saved_query.update', saved);
      return saved;
    });
  }

  async delete(caller: Caller, id: string): Promise<void> {
    const query = await this.requireOwn(caller.principal, id);
    await this.dataSource.transaction(async (manager) => {
      await manager.delete(SavedQuery, { id });
      await this.record(manager, caller, 'saved_query.delete', query);
    });
  }

  /** Only its owner changes a query, and administrators. */
  private async requireOwn(principal: Principal, id: string): Promise<SavedQuery> {
    const query = await this.get(principal, id);
    if (query.ownerId !== principal.userId && principal.role !== 'admin') {
      throw new AppError('auth.forbidden', 'Only its owner may change a saved query');
    }
    return query;
  }

  private async record(
    manager: EntityManager,
    caller: Caller,
    action: string,
    query: SavedQuery,
  ): Promise<void> {
    await this.audit.recordIn(manager, {
      ...byCaller(caller),
      action,
      resourceType: 'saved_query',
      resourceId: query.id,
      result: 'success',
      details: { name: query.name, connectionId: query.connectionId, shared: query.shared },
    });
  }
}

function saveUnderName(manager: EntityManager, query: Partial<SavedQuery>): Promise<SavedQuery> {
  return refuseTakenName(async () => {
    const { id } = await manager.save(SavedQuery, query as SavedQuery);
    return manager.findOneByOrFail(SavedQuery, { id });
  });
}
