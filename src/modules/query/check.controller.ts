import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { isUUID } from 'class-validator';
import { Requires } from '../../common/access';
import { AppError } from '../../common/app-error';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { ApiAnswer } from '../../http/api-answer';
import { checkRequestSchema } from './check-request.schema';
import { CheckService, type CheckView } from './check.service';
import { parseQueryRequest } from './query-request';
import { checkExample } from './query-result.example';

@ApiTags('Query')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/query/check')
export class CheckController {
  constructor(private readonly checks: CheckService) {}

  @Post()
  @HttpCode(200)
  @Requires('query.run')
  @ApiOperation({
    summary: 'What would become of a statement, without running it',
    description:
      'The decision, the relations with their masks, and for administrators the statement as it would be sent, also for somebody else.',
  })
  @ApiBody(checkRequestSchema)
  @ApiAnswer(checkExample)
  async check(@Body() body: unknown, @CurrentCaller() caller: Caller): Promise<CheckView> {
    const { userId = null, ...rest } = (body ?? {}) as { userId?: unknown };
    if (userId !== null && !isUUID(userId))
      throw new AppError('request.invalid', 'The body does not validate', {
        errors: [{ path: '/userId', message: 'must be a UUID' }],
      });
    return this.checks.check(caller, parseQueryRequest(rest), userId as string | null);
  }
}
