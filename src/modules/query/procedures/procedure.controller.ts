import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../../common/caller.decorator';
import type { Page } from '../../../common/pagination';
import type { Caller } from '../../../common/principal';
import { ApiAnswer } from '../../../http/api-answer';
import { clientAbort } from '../client-abort';
import { encodeCall } from './encode-call';
import { ProcedureCatalog, type ProcedureView } from './procedure-catalog';
import { parseProcedureRequest } from './procedure-request';
import { procedureRequestSchema } from './procedure-request.schema';
import { ProceduresQuery } from './procedure.dto';
import { callResultExample, procedureExample } from './procedure.example';
import { ProcedureService } from './procedure.service';

@ApiTags('Query')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database')
export class ProcedureController {
  constructor(
    private readonly procedures: ProcedureService,
    private readonly catalog: ProcedureCatalog,
  ) {}

  @Post('procedure')
  @HttpCode(200)
  @Requires('query.run', { session: 'cached' })
  @ApiOperation({ summary: 'Call a stored procedure or function that the permission lists' })
  @ApiBody(procedureRequestSchema)
  @ApiAnswer(callResultExample)
  async run(
    @Req() request: SluiceRequest,
    @Res() reply: FastifyReply,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const body = parseProcedureRequest(request.body);
    const { head, outcome, results } = await this.procedures.run(caller, body, clientAbort(request, reply));
    await reply
      .header('content-type', 'application/json; charset=utf-8')
      .send(encodeCall(head, outcome, results));
  }

  @Get('procedures')
  @Requires('query.run')
  @ApiOperation({ summary: 'What the caller may call on a connection, and how' })
  @ApiAnswer({ items: [procedureExample], nextCursor: null })
  async list(
    @Query() query: ProceduresQuery,
    @CurrentCaller() { principal }: Caller,
  ): Promise<Page<ProcedureView>> {
    return { items: await this.catalog.list(principal, query.connectionId), nextCursor: null };
  }
}
