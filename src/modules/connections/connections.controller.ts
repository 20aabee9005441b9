import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Patch,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiOperation,
  ApiProperty,
  ApiSecurity,
  ApiTags,
  IntersectionType,
  PartialType,
  PickType,
} from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { hasRight, Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { byCaller } from '../audit/audit-event';
import { ApiAnswer, ApiPage } from '../../http/api-answer';
import { PermissionsService } from '../permissions/permissions.service';
import { ConnectionDirectory } from './connection-directory';
import { connectionExamples, connectionTestExample } from './connection.examples';
import { ConnectionBody, ConnectionPatch, ConnectionTargetBody } from './connection.dto';
import { ConnectionTester, type ConnectionTestResult } from './connection-tester';
import { ConnectionView, connectionView } from './connection-view';
import { ConnectionAccess } from './connection-access';
import { ConnectionsService } from './connections.service';
import { targetOf } from './merge-input';
import { ReadOnlyAccountScripts } from './read-only-account-scripts';

/** The same body can be tested and then saved: what only names a connection is accepted and ignored. */
class ConnectionTestBody extends IntersectionType(
  ConnectionTargetBody,
  PartialType(
    PickType(ConnectionBody, ['name', 'displayName', 'description', 'cacheTtlSeconds', 'active'] as const),
  ),
) {}

class AccountQuery {
  /** Name of the account to create. */
  @ApiProperty({ required: false, default: 'sluice_reader' })
  @IsOptional()
  @IsString()
  @MaxLength(60)
  username: string = 'sluice_reader';
}

@ApiTags('Connections')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/connections')
export class ConnectionsController {
  constructor(
    private readonly connections: ConnectionsService,
    private readonly directory: ConnectionDirectory,
    private readonly access: ConnectionAccess,
    private readonly permissions: PermissionsService,
    private readonly tester: ConnectionTester,
    private readonly scripts: ReadOnlyAccountScripts,
  ) {}

  @Post('test')
  @HttpCode(200)
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Try a connection without saving it' })
  @ApiBody({ type: ConnectionTestBody, examples: connectionExamples })
  @ApiAnswer(connectionTestExample)
  test(@Body() body: ConnectionTestBody): Promise<ConnectionTestResult> {
    return this.tester.test(body.type, targetOf(body), body.readOnly ?? true);
  }

  @Post()
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Save a connection; its credentials are sealed' })
  @ApiBody({ type: ConnectionBody, examples: connectionExamples })
  async create(@Body() body: ConnectionBody, @CurrentCaller() caller: Caller): Promise<ConnectionView> {
    return this.view(caller, (await this.connections.create(byCaller(caller), body)).id);
  }

  @Get()
  @Requires('connections.read')
  @ApiOperation({ summary: 'The connections the caller may use' })
  @ApiPage(ConnectionView)
  async list(@Query() page: PageQuery, @CurrentCaller() caller: Caller): Promise<Page<ConnectionView>> {
    const [ids, activeId] = await Promise.all([
      this.permissions.connectionIdsOf(caller.principal),
      this.connections.activeIdOf(caller.principal.userId),
    ]);
    const { items, nextCursor } = await this.directory.list(ids, page);
    const withTarget = mayManage(caller);
    return {
      items: items.map((record) => connectionView(record, record.id === activeId, withTarget)),
      nextCursor,
    };
  }

  @Get(':id')
  @Requires('connections.read')
  @ApiOperation({ summary: 'One connection' })
  async get(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentCaller() caller: Caller,
  ): Promise<ConnectionView> {
    if (!mayManage(caller)) await this.access.require(caller.principal, id);
    return this.view(caller, id);
  }

  @Patch(':id')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Change a connection; members that are not sent stay' })
  @ApiBody({
    type: ConnectionPatch,
    examples: { description: { value: { description: 'Orders and customers', maxConnections: 5 } } },
  })
  async update(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() patch: ConnectionPatch,
    @CurrentCaller() caller: Caller,
  ): Promise<ConnectionView> {
    await this.connections.update(byCaller(caller), id, patch);
    return this.view(caller, id);
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Delete a connection with its permissions; history and audit stay' })
  async delete(@Param('id', ParseUUIDPipe) id: string, @CurrentCaller() caller: Caller): Promise<void> {
    await this.connections.delete(caller, id);
  }

  @Put(':id/activate')
  @Requires('connections.read')
  @ApiOperation({ summary: "Make it the caller's default connection" })
  async activate(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentCaller() caller: Caller,
  ): Promise<ConnectionView> {
    await this.access.require(caller.principal, id);
    await this.connections.activate(caller, id);
    return this.view(caller, id);
  }

  @Post(':id/test')
  @HttpCode(200)
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Try a saved connection, and note what its account could do' })
  @ApiAnswer(connectionTestExample)
  async testSaved(@Param('id', ParseUUIDPipe) id: string): Promise<ConnectionTestResult> {
    const record = await this.directory.require(id, true);
    const result = await this.tester.test(
      record.type,
      await this.directory.configOf(record),
      record.readOnly,
    );
    if (result.success) {
      await this.directory.noteAccount(record, {
        account: result.account,
        checkedAt: new Date().toISOString(),
      });
    }
    return result;
  }

  @Get(':id/read-only-account')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Statements that create an account which can only read' })
  @ApiAnswer({ statements: ['CREATE ROLE "sluice_reader" LOGIN PASSWORD \'choose-a-password\''] })
  readOnlyAccount(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { username }: AccountQuery,
  ): Promise<{ statements: readonly string[] }> {
    return this.scripts.forConnection(id, username);
  }

  private async view(caller: Caller, id: string): Promise<ConnectionView> {
    const [record, activeId] = await Promise.all([
      this.directory.require(id),
      this.connections.activeIdOf(caller.principal.userId),
    ]);
    return connectionView(record, record.id === activeId, mayManage(caller));
  }
}

function mayManage({ principal }: Caller): boolean {
  return hasRight(principal.role, 'connections.manage');
}
