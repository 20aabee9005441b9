import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import { Public, Requires, rights, hasRight } from '../../common/access';
import { CurrentCaller, CurrentOrigin } from '../../common/caller.decorator';
import type { Caller, RequestOrigin } from '../../common/principal';
import { IdParam } from '../../http/id-param';
import { ApiKeyService } from './api-key.service';
import { ApiKeyBody } from './dto/api-key.dto';
import { ApiKeyList, NewApiKeyView, presentApiKey } from './dto/api-key.view';
import { LoginBody, MeAnswer, PasswordBody, RefreshBody, TokenAnswer } from './dto/auth.dto';
import { presentSession, SessionList } from './dto/session.view';
import { presentUser } from './dto/user.view';
import { LoginService } from './login.service';
import { requireSession } from './require-session';
import { SessionService } from './session.service';
import { UserService } from './user.service';

@ApiTags('Auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly logins: LoginService,
    private readonly sessions: SessionService,
    private readonly apiKeys: ApiKeyService,
    private readonly users: UserService,
  ) {}

  @Post('login')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Log in' })
  @ApiOkResponse({ type: TokenAnswer })
  login(
    @Body() { username, password }: LoginBody,
    @CurrentOrigin() origin: RequestOrigin,
  ): Promise<TokenAnswer> {
    return this.logins.login(username, password, origin);
  }

  @Post('refresh')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Exchange a refresh token for new tokens' })
  @ApiOkResponse({ type: TokenAnswer })
  refresh(
    @Body() { refreshToken }: RefreshBody,
    @CurrentOrigin() origin: RequestOrigin,
  ): Promise<TokenAnswer> {
    return this.logins.refresh(refreshToken, origin);
  }

  @Post('logout')
  @Requires('self.manage')
  @HttpCode(204)
  @ApiBearerAuth()
  @ApiOperation({ summary: 'End the session of this request' })
  @ApiNoContentResponse()
  async logout(@CurrentCaller() caller: Caller): Promise<void> {
    await this.sessions.revoke(caller, caller.principal.userId, requireSession(caller), 'logout');
  }

  @Post('password')
  @Requires('self.manage')
  @HttpCode(204)
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Change the own password; ends the other sessions' })
  @ApiNoContentResponse()
  async changePassword(@CurrentCaller() caller: Caller, @Body() body: PasswordBody): Promise<void> {
    requireSession(caller);
    await this.logins.changePassword(caller, body.currentPassword, body.newPassword);
  }

  @Get('me')
  @Requires('self.manage')
  @ApiBearerAuth()
  @ApiSecurity('api-key')
  @ApiOperation({ summary: 'Who am I, and what may I do' })
  @ApiOkResponse({ type: MeAnswer })
  async me(@CurrentCaller() { principal }: Caller): Promise<MeAnswer> {
    const { userId, sessionId, apiKeyId, role } = principal;
    const apiKey = apiKeyId && (await this.apiKeys.list(userId)).find(({ id }) => id === apiKeyId);
    return {
      user: presentUser(await this.users.find(userId)),
      role,
      session: sessionId ? presentSession(await this.sessions.find(userId, sessionId), sessionId) : null,
      apiKey: apiKey ? presentApiKey(apiKey) : null,
      permissions: rights.filter((right) => hasRight(role, right)),
    };
  }

  @Get('sessions')
  @Requires('self.manage')
  @ApiBearerAuth()
  @ApiSecurity('api-key')
  @ApiOperation({ summary: 'List the own sessions' })
  @ApiOkResponse({ type: SessionList })
  async listSessions(@CurrentCaller() { principal }: Caller): Promise<SessionList> {
    const found = await this.sessions.list(principal.userId);
    return { items: found.map((session) => presentSession(session, principal.sessionId)), nextCursor: null };
  }

  /** The session of this request, too. */
  @Delete('sessions')
  @Requires('self.manage')
  @HttpCode(204)
  @ApiBearerAuth()
  @ApiSecurity('api-key')
  @ApiOperation({ summary: 'End all own sessions' })
  @ApiNoContentResponse()
  async endSessions(@CurrentCaller() caller: Caller): Promise<void> {
    await this.sessions.revokeAll(caller, caller.principal.userId);
  }

  @Delete('sessions/:id')
  @Requires('self.manage')
  @HttpCode(204)
  @ApiBearerAuth()
  @ApiSecurity('api-key')
  @ApiOperation({ summary: 'End one of the own sessions' })
  @ApiNoContentResponse()
  async endSession(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.sessions.revoke(caller, caller.principal.userId, id, 'revoked');
  }

  @Get('api-keys')
  @Requires('self.manage')
  @ApiBearerAuth()
  @ApiSecurity('api-key')
  @ApiOperation({ summary: 'List the own API keys' })
  @ApiOkResponse({ type: ApiKeyList })
  async listApiKeys(@CurrentCaller() { principal }: Caller): Promise<ApiKeyList> {
    return { items: (await this.apiKeys.list(principal.userId)).map(presentApiKey), nextCursor: null };
  }

  @Post('api-keys')
  @Requires('self.manage')
  @ApiBearerAuth()
  @ApiOperation({ summary: 'Create an API key that acts as the caller' })
  @ApiCreatedResponse({ type: NewApiKeyView })
  async createApiKey(@CurrentCaller() caller: Caller, @Body() body: ApiKeyBody): Promise<NewApiKeyView> {
    requireSession(caller);
    const expiresAt = body.expiresAt ? new Date(body.expiresAt) : null;
    const { record, text } = await this.apiKeys.create(caller, { name: body.name, expiresAt });
    return Object.assign(presentApiKey(record), { key: text });
  }

  @Delete('api-keys/:id')
  @Requires('self.manage')
  @HttpCode(204)
  @ApiBearerAuth()
  @ApiSecurity('api-key')
  @ApiOperation({ summary: 'Revoke one of the own API keys' })
  @ApiNoContentResponse()
  async revokeApiKey(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.apiKeys.revoke(caller, caller.principal.userId, id);
  }
}
