import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { ApiAnswer } from '../../http/api-answer';
import { clientAbort } from '../query/client-abort';
import { encodeCall } from '../query/procedures/encode-call';
import { callResultExample } from '../query/procedures/procedure.example';
import { parseShardProcedure } from './shard-procedure-request';
import { shardProcedureSchema } from './shard-procedure-request.schema';
import { ShardProceduresService } from './shard-procedures.service';

@ApiTags('Shards')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('shards')
export class ShardProceduresController {
  constructor(private readonly procedures: ShardProceduresService) {}

  @Post(':shardId/procedure')
  @HttpCode(200)
  @Requires('query.run', { session: 'cached' })
  @ApiOperation({
    summary: "Call a procedure on a shard, on the caller's own shard, or on the global database",
  })
  @ApiParam({
    name: 'shardId',
    example: 'session',
    description: 'The id of a shard, or `session` or `global`',
  })
  @ApiBody(shardProcedureSchema)
  @ApiAnswer(callResultExample)
  async run(
    @Param('shardId') shardId: string,
    @Req() request: SluiceRequest,
    @Res() reply: FastifyReply,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const asked = parseShardProcedure(shardId, request.body);
    const { head, outcome, results } = await this.procedures.run(caller, asked, clientAbort(request, reply));
    await reply
      .header('content-type', 'application/json; charset=utf-8')
      .send(encodeCall(head, outcome, results));
  }
}
