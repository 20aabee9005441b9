import { Body, Controller, Get, Param, ParseUUIDPipe, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { ConnectionDirectory } from '../connections/connection-directory';
import { PolicyChecker } from './policy-checker';
import { PoliciesBody, PoliciesView } from './policy.dto';
import { PoliciesService, type ConnectionPolicySet } from './policies.service';

@ApiTags('Policies')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/connections/:id/policies')
@Requires('permissions.manage')
export class PoliciesController {
  constructor(
    private readonly policies: PoliciesService,
    private readonly checker: PolicyChecker,
    private readonly directory: ConnectionDirectory,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Masks, denied columns and row filters of a connection' })
  @ApiOkResponse({ type: PoliciesView })
  async get(@Param('id', ParseUUIDPipe) id: string): Promise<PoliciesView> {
    await this.directory.require(id);
    return viewOf(await this.policies.get(id));
  }

  @Put()
  @ApiOperation({
    summary:
      'Set the policies of a connection; they replace what was there, and hold from the next statement on',
    description:
      'Each entry is checked against the real table: names as the catalog spells them, expressions as the database resolves them.',
  })
  @ApiOkResponse({ type: PoliciesView })
  async put(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: PoliciesBody,
    @CurrentCaller() caller: Caller,
  ): Promise<PoliciesView> {
    const connection = await this.directory.require(id);
    const items = await this.checker.check(connection, body.items);
    return viewOf(await this.policies.replace(caller, id, items, [...new Set(body.functions ?? [])]));
  }
}

function viewOf({ epoch, items, functions }: ConnectionPolicySet): PoliciesView {
  return {
    items: items as PoliciesView['items'],
    functions: [...functions],
    epoch,
    nextCursor: null,
  };
}
