import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ConnectionAccess } from './connection-access';
import type { ConnectionEvent } from './connection-event.entity';
import { ConnectionStatus, type ConnectionStatusView } from './connection-status';

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
  list(
    @Query() page: PageQuery,
    @CurrentCaller() { principal }: Caller,
  ): Promise<Page<ConnectionStatusView>> {
    return this.status.list(principal, page);
  }

  @Get('health')
  @Requires('connections.read')
  @ApiOperation({ summary: "How many of the caller's connections are in which state" })
  summary(@CurrentCaller() { principal }: Caller): ReturnType<ConnectionStatus['summary']> {
    return this.status.summary(principal);
  }

  @Get('connections/:id/events')
  @Requires('connections.read')
  @ApiOperation({ summary: 'When the database of a connection came and went' })
  async events(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() page: PageQuery,
    @CurrentCaller() { principal }: Caller,
  ): Promise<Page<ConnectionEvent>> {
    await this.access.require(principal, id);
    return this.status.history(id, page);
  }
}
