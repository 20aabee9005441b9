import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiPage } from '../../http/api-answer';
import { ListedProceduresBody, type ListedProcedureBody } from './listed-procedures.dto';
import { PermissionBody, PermissionView } from './permission.dto';
import { permissionView } from './permission-view';
import { PermissionsService } from './permissions.service';

@ApiTags('Permissions')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/connections/:id/permissions')
@Requires('permissions.manage')
export class PermissionsController {
  constructor(private readonly permissions: PermissionsService) {}

  @Get()
  @ApiOperation({ summary: 'Who may do what on a connection' })
  @ApiPage(PermissionView)
  async list(@Param('id', ParseUUIDPipe) id: string): Promise<Page<PermissionView>> {
    const rows = await this.permissions.list(id);
    return { items: rows.map(permissionView), nextCursor: null };
  }

  @Get(':userId')
  @ApiOperation({ summary: 'What one user may do on a connection' })
  async get(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('userId', ParseUUIDPipe) userId: string,
  ): Promise<PermissionView> {
    return permissionView(await this.permissions.get(id, userId));
  }

  @Put(':userId')
  @ApiOperation({ summary: 'Set what a user may do on a connection; it replaces what was there' })
  async put(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('userId', ParseUUIDPipe) userId: string,
    @Body() body: PermissionBody,
    @CurrentCaller() caller: Caller,
  ): Promise<PermissionView> {
    return permissionView(await this.permissions.grant(caller, id, userId, body));
  }

  @Get(':userId/procedures')
  @ApiOperation({ summary: 'Which procedures a user may call, and what they are said to read and write' })
  async procedures(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('userId', ParseUUIDPipe) userId: string,
  ): Promise<ListedProceduresBody> {
    return { items: (await this.permissions.get(id, userId)).procedures as ListedProcedureBody[] };
  }

  @Put(':userId/procedures')
  @ApiOperation({ summary: 'List the procedures that a user may call; it replaces those that were listed' })
  async listProcedures(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('userId', ParseUUIDPipe) userId: string,
    @Body() { items }: ListedProceduresBody,
    @CurrentCaller() caller: Caller,
  ): Promise<ListedProceduresBody> {
    const listed = await this.permissions.listProcedures(caller, id, userId, items);
    return { items: listed as ListedProcedureBody[] };
  }

  @Delete(':userId')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take the permission away, effective at once' })
  async delete(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('userId', ParseUUIDPipe) userId: string,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    await this.permissions.revoke(caller, id, userId);
  }
}
