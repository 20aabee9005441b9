import { Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { ApiAnswer } from '../../http/api-answer';
import { clientAbort } from './client-abort';
import { sendAnswer } from './query-answer';
import { QueryCancellation, type RunningView } from './query-cancellation';
import { parseQueryRequest } from './query-request';
import { queryRequestSchema } from './query-request.schema';
import { queryResultExample, runningExample } from './query-result.example';
import { QueryService } from './query.service';

@ApiTags('Query')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/query')
export class QueryController {
  constructor(
    private readonly queries: QueryService,
    private readonly cancellation: QueryCancellation,
  ) {}

  @Post()
  @HttpCode(200)
  @Requires('query.run', { session: 'cached' })
  @ApiOperation({ summary: 'Run one statement' })
  @ApiBody(queryRequestSchema)
  @ApiAnswer(queryResultExample)
  async run(
    @Req() request: SluiceRequest,
    @Res() reply: FastifyReply,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const body = parseQueryRequest(request.body);
    const answer = await this.queries.run(caller, body, clientAbort(request, reply));
    await sendAnswer(reply, answer, body.rowMode, request.headers['if-none-match']);
  }

  @Get('running')
  @Requires('history.read')
  @ApiOperation({ summary: "What runs now on any replica: one's own, or everybody's for administrators" })
  @ApiAnswer({ items: [runningExample] })
  async running(@CurrentCaller() { principal }: Caller): Promise<{ items: RunningView[] }> {
    return { items: await this.cancellation.list(principal) };
  }

  @Delete(':queryId')
  @HttpCode(204)
  @Requires('query.run')
  @ApiOperation({ summary: 'Stop a running statement; answered when the database has confirmed' })
  async cancel(
    @Param('queryId', ParseUUIDPipe) queryId: string,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    await this.cancellation.cancel(caller, queryId);
  }
}
