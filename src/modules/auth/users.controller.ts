import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { IdParam } from '../../http/id-param';
import { ApiKeyService } from './api-key.service';
import { ApiKeyList, presentApiKey } from './dto/api-key.view';
import { presentSession, SessionList } from './dto/session.view';
import { UserBody, UserChanges, UserList, UserQuery } from './dto/user.dto';
import { presentUser, UserView } from './dto/user.view';
import { SessionService } from './session.service';
import { UserService } from './user.service';

@ApiTags('Users')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly apiKeys: ApiKeyService,
  ) {}

  @Get()
  @Requires('users.manage')
  @ApiOperation({ summary: 'List users' })
  @ApiOkResponse({ type: UserList })
  async list(@Query() query: UserQuery): Promise<UserList> {
    const { items, nextCursor } = await this.users.list(query);
    return { items: items.map(presentUser), nextCursor };
  }

  @Post()
  @Requires('users.manage')
  @ApiOperation({ summary: 'Create a user' })
  @ApiCreatedResponse({ type: UserView })
  async create(@CurrentCaller() caller: Caller, @Body() body: UserBody): Promise<UserView> {
    return presentUser(await this.users.create(caller, body));
  }

  @Get(':id')
  @Requires('users.manage')
  @ApiOperation({ summary: 'Read a user' })
  @ApiOkResponse({ type: UserView })
  async find(@IdParam() id: string): Promise<UserView> {
    return presentUser(await this.users.find(id));
  }

  @Patch(':id')
  @Requires('users.manage')
  @ApiOperation({ summary: 'Change a user' })
  @ApiOkResponse({ type: UserView })
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() changes: UserChanges,
  ): Promise<UserView> {
    return presentUser(await this.users.update(caller, id, changes));
  }

  @Delete(':id')
  @Requires('users.manage')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a user with their sessions, keys, permissions and saved queries' })
  @ApiNoContentResponse()
  async remove(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.users.remove(caller, id);
  }

  @Get(':id/sessions')
  @Requires('users.manage')
  @ApiOperation({ summary: 'List the sessions of a user' })
  @ApiOkResponse({ type: SessionList })
  async listSessions(@CurrentCaller() { principal }: Caller, @IdParam() id: string): Promise<SessionList> {
    await this.users.find(id);
    const found = await this.sessions.list(id);
    return { items: found.map((session) => presentSession(session, principal.sessionId)), nextCursor: null };
  }

  @Delete(':id/sessions')
  @Requires('users.manage')
  @HttpCode(204)
  @ApiOperation({ summary: 'End all sessions of a user' })
  @ApiNoContentResponse()
  async endSessions(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.users.find(id);
    await this.sessions.revokeAll(caller, id);
  }

  @Delete(':id/sessions/:sessionId')
  @Requires('users.manage')
  @HttpCode(204)
  @ApiOperation({ summary: 'End one session of a user' })
  @ApiNoContentResponse()
  async endSession(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('sessionId') sessionId: string,
  ): Promise<void> {
    await this.sessions.revoke(caller, id, sessionId, 'revoked');
  }

  @Get(':id/api-keys')
  @Requires('users.manage')
  @ApiOperation({ summary: 'List the API keys of a user' })
  @ApiOkResponse({ type: ApiKeyList })
  async listApiKeys(@IdParam() id: string): Promise<ApiKeyList> {
    await this.users.find(id);
    return { items: (await this.apiKeys.list(id)).map(presentApiKey), nextCursor: null };
  }

  @Delete(':id/api-keys/:keyId')
  @Requires('users.manage')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an API key of a user' })
  @ApiNoContentResponse()
  async revokeApiKey(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('keyId') keyId: string,
  ): Promise<void> {
    await this.apiKeys.revoke(caller, id, keyId);
  }
}
