import { Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../../common/caller.decorator';
import { Lifecycle } from '../../../common/lifecycle';
import type { Caller } from '../../../common/principal';
import { parseQueryRequest } from '../query-request';
import { queryRequestSchema } from '../query-request.schema';
import { StreamApi } from './stream-api.decorator';
import { StreamService } from './stream.service';
import { parseStreamOutput } from './stream-output';
import { streamTarget } from './stream-target';

@ApiTags('Query')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/query')
export class StreamController {
  constructor(
    private readonly streams: StreamService,
    private readonly lifecycle: Lifecycle,
  ) {}

  @Post('stream')
  @HttpCode(200)
  @Requires('query.run', { session: 'cached' })
  @ApiOperation({
    summary: 'Run one statement and get its rows as they come',
    description:
      'Compressed when `Accept-Encoding` asks for it; with `TE: trailers` the row count and a SHA-256 come as HTTP trailers. A failure behind the first row is told in the last line of NDJSON, and resets the connection in every other format.',
  })
  @StreamApi()
  @ApiBody(queryRequestSchema)
  async stream(
    @Req() request: SluiceRequest,
    @Res() reply: FastifyReply,
    @Query() query: Record<string, unknown>,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const body = parseQueryRequest(request.body);
    const output = parseStreamOutput(query, body.rowMode);
    await this.streams.stream(
      caller,
      body,
      output,
      streamTarget(request, reply, caller, output.format, this.lifecycle),
    );
  }
}
