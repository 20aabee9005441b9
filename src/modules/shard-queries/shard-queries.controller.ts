import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { ApiAnswer } from '../../http/api-answer';
import { clientAbort } from '../query/client-abort';
import { encodeResult } from '../query/query-result';
import { queryResultExample } from '../query/query-result.example';
import { ShardQueriesService } from './shard-queries.service';
import { parseShardRequest } from './shard-request';
import { shardRequestSchema } from './shard-request.schema';

@ApiTags('Shards')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('shards')
export class ShardQueriesController {
  constructor(private readonly queries: ShardQueriesService) {}

  @Post(':shardId/query')
  @HttpCode(200)
  @Requires('query.run', { session: 'cached' })
  @ApiOperation({
    summary: "Run one statement on a shard, on the caller's own shard, on all, or on the global database",
  })
  @ApiParam({
    name: 'shardId',
    example: 'session',
    description: 'The id of a shard, or `session`, `all` or `global`',
  })
  @ApiBody(shardRequestSchema)
  @ApiAnswer(queryResultExample)
  async run(
    @Param('shardId') shardId: string,
    @Req() request: SluiceRequest,
    @Res() reply: FastifyReply,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const asked = parseShardRequest(shardId, request.body);
    const { head, outcome } = await this.queries.run(caller, asked, clientAbort(request, reply));
    await reply
      .header('content-type', 'application/json; charset=utf-8')
      .send(encodeResult(head, outcome, asked.query.rowMode));
  }
}
