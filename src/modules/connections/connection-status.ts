import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { MAX_LIMIT, type Page } from '../../common/pagination';
import { pageNewestFirst } from '../../database/page-newest-first';
import type { PageQuery } from '../../common/page-query.dto';
import type { Principal } from '../../common/principal';
import { hasRight } from '../../common/access';
import type { ConnectionType, PoolFigures, ServerFigures } from '../../drivers/driver';
import { PermissionsService } from '../permissions/permissions.service';
import { ConnectionDirectory } from './connection-directory';
import { ConnectionEvent } from './connection-event.entity';
import type { HealthState } from './connection-health';
import { judgeState } from './servers/judge-state';
import { Sources } from './sources.provider';

export interface ConnectionStatusView {
  readonly connectionId: string;
  readonly name: string;
  readonly type: ConnectionType;
  readonly active: boolean;
  /** `unknown` until somebody has used it. */
  readonly state: HealthState;
  readonly since: Date | null;
  /** Code of the failure, while the state is `degraded` or `down`. */
  readonly code: string | null;
  /** Sessions of this replica; `null` while no pool is open. */
  readonly pool: PoolFigures | null;
  /**
   * Each server of a connection with replicas, the one that it names first being the first; empty while no pool is open,
   * and for whom it is not to know where they are.
   */
  readonly servers: readonly ServerFigures[];
}

/** How the databases are, as this replica sees them. */
@Injectable()
export class ConnectionStatus {
  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly permissions: PermissionsService,
    private readonly sources: Sources,
    @InjectRepository(ConnectionEvent) private readonly events: Repository<ConnectionEvent>,
  ) {}

  async list(principal: Principal, page: PageQuery): Promise<Page<ConnectionStatusView>> {
    const ids = await this.permissions.connectionIdsOf(principal);
    const { items, nextCursor } = await this.directory.list(ids, page);
    const withServers = hasRight(principal.role, 'connections.manage');
    return {
      items: items.map(({ id, name, type, active }) => {
        const { health: own, pool, servers } = this.sources.figuresOf(id);
        const health = judgeState(own, servers);
        return {
          connectionId: id,
          name,
          type,
          active,
          state: health?.state ?? 'unknown',
          since: health?.since ?? null,
          code: health?.code ?? null,
          pool,
          servers: (withServers && servers) || [],
        };
      }),
      nextCursor,
    };
  }

  /** How many of the principal's connections are in which state. */
  async summary(
    principal: Principal,
  ): Promise<{ status: 'ok' | 'degraded'; connections: Record<HealthState, number> }> {
    const connections: Record<HealthState, number> = { up: 0, degraded: 0, down: 0, unknown: 0 };
    let cursor: string | undefined;
    do {
      const page = await this.list(principal, { limit: MAX_LIMIT, cursor });
      for (const { state } of page.items) connections[state]++;
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    return { status: connections.down + connections.degraded > 0 ? 'degraded' : 'ok', connections };
  }

  /** When a connection's database came and went, newest first. */
  async history(connectionId: string, page: PageQuery): Promise<Page<ConnectionEvent>> {
    await this.sources.settled();
    const select = this.events
      .createQueryBuilder('e')
      .where('e.connection_id = :connectionId', { connectionId });
    return pageNewestFirst(select, page);
  }
}
