import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../../common/caller.decorator';
import type { Caller } from '../../../common/principal';
import { ApiAnswer } from '../../../http/api-answer';
import { clientAbort } from '../client-abort';
import { parseQueryRequest } from '../query-request';
import { queryRequestSchema } from '../query-request.schema';
import { explainExample } from './explain.example';
import { ExplainService, type ExplainAnswer } from './explain.service';

@ApiTags('Query')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/query/explain')
export class ExplainController {
  constructor(private readonly explains: ExplainService) {}

  @Post()
  @HttpCode(200)
  @Requires('query.run', { session: 'cached' })
  @ApiOperation({
    summary: 'How a statement would be run: its plan, in the same words for every engine',
    description:
      'The statement goes the way of every other and is not run. Conditions and constants are not part of the plan; estimates and indexes are left out where policies hold.',
  })
  @ApiBody(queryRequestSchema)
  @ApiAnswer(explainExample)
  async explain(
    @Req() request: SluiceRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @CurrentCaller() caller: Caller,
  ): Promise<ExplainAnswer> {
    return this.explains.explain(caller, parseQueryRequest(request.body), clientAbort(request, reply));
  }
}
