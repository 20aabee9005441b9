import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiAnswer, ApiPage } from '../../http/api-answer';
import { ConnectionAccess } from './connection-access';
import { ConnectionEvent } from './connection-event.entity';
import { ConnectionStatus, type ConnectionStatusView } from './connection-status';

const statusExample = {
  connectionId: '797acc11-1895-4207-8cb6-4085b6bd9c89',
  name: 'shop',
  type: 'postgresql',
  active: true,
  state: 'up',
  since: '2026-11-20T22:56:27.342Z',
  code: null,
  pool: { open: 1, idle: 1, busy: 0, waiting: 0, max: 10 },
  servers: [
    {
      host: 'db-2.example.org',
      port: 5432,
      role: 'replica',
      state: 'up',
      code: null,
      leftOut: null,
      since: '2026-11-20T22:56:27.342Z',
      lagMs: 0,
      outstanding: 0,
      pool: { open: 1, idle: 1, busy: 0, waiting: 0, max: 10 },
    },
  ],
};

@ApiTags('Connections')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database')
export class StatusController {
  constructor(
    private readonly status: ConnectionStatus,
    private readonly access: ConnectionAccess,
  ) {}

  @Get('status')
  @Requires('connections.read')
  @ApiOperation({ summary: 'State, since when, and pool of every connection of the caller' })
  @ApiAnswer({ items: [statusExample], nextCursor: null })
  list(
    @Query() page: PageQuery,
    @CurrentCaller() { principal }: Caller,
  ): Promise<Page<ConnectionStatusView>> {
    return this.status.list(principal, page);
  }

  @Get('health')
  @Requires('connections.read')
  @ApiOperation({ summary: "How many of the caller's connections are in which state" })
  @ApiAnswer({ status: 'ok', connections: { up: 2, degraded: 0, down: 0, unknown: 0 } })
  summary(@CurrentCaller() { principal }: Caller): ReturnType<ConnectionStatus['summary']> {
    return this.status.summary(principal);
  }

  @Get('connections/:id/events')
  @Requires('connections.read')
  @ApiOperation({ summary: 'When the database of a connection came and went' })
  @ApiPage(ConnectionEvent)
  async events(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() page: PageQuery,
    @CurrentCaller() { principal }: Caller,
  ): Promise<Page<ConnectionEvent>> {
    await this.access.require(principal, id);
    return this.status.history(id, page);
  }
}
