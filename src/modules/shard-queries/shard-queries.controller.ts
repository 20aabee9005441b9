import { Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../common/caller.decorator';
import { Lifecycle } from '../../common/lifecycle';
import type { Caller } from '../../common/principal';
import { ApiAnswer } from '../../http/api-answer';
import { clientAbort } from '../query/client-abort';
import { encodeResult } from '../query/query-result';
import { queryResultExample } from '../query/query-result.example';
import { StreamApi } from '../query/stream/stream-api.decorator';
import { parseStreamOutput } from '../query/stream/stream-output';
import { streamTarget } from '../query/stream/stream-target';
import { ShardQueriesService } from './shard-queries.service';
import { parseShardRequest } from './shard-request';
import { shardRequestSchema } from './shard-request.schema';

@ApiTags('Shards')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('shards')
export class ShardQueriesController {
  constructor(
    private readonly queries: ShardQueriesService,
    private readonly lifecycle: Lifecycle,
  ) {}

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
    await reply.header('content-type', 'application/json; charset=utf-8').send(encodeResult(head, outcome));
  }

  @Post(':shardId/query/stream')
  @HttpCode(200)
  @Requires('query.run', { session: 'cached' })
  @ApiOperation({
    summary: 'The same, and the rows as they come; of all shards merged on their way',
  })
  @ApiParam({
    name: 'shardId',
    example: 'all',
    description: 'The id of a shard, or `session`, `all` or `global`',
  })
  @StreamApi()
  @ApiBody(shardRequestSchema)
  async stream(
    @Param('shardId') shardId: string,
    @Req() request: SluiceRequest,
    @Res() reply: FastifyReply,
    @Query() query: Record<string, unknown>,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const asked = parseShardRequest(shardId, request.body);
    const output = parseStreamOutput(query, asked.query.rowMode);
    const target = streamTarget(request, reply, caller, output.format, this.lifecycle);
    await this.queries.stream(caller, asked, output, target);
  }
}
