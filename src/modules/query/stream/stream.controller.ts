import { Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../../common/caller.decorator';
import { Lifecycle } from '../../../common/lifecycle';
import type { Caller } from '../../../common/principal';
import { clientAbort } from '../client-abort';
import { parseQueryRequest } from '../query-request';
import { queryRequestSchema } from '../query-request.schema';
import { chooseCoding } from './content-coding';
import { ResponseSink } from './response-sink';
import { StreamService } from './stream.service';
import { streamFormatNames, streamFormats } from './stream-formats';
import { parseStreamOutput } from './stream-output';

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
  @ApiQuery({ name: 'format', required: false, enum: streamFormatNames, example: 'ndjson' })
  @ApiQuery({
    name: 'null',
    required: false,
    description: 'CSV: how a missing value is written; an empty field unless given',
    schema: { type: 'string', maxLength: 20 },
    example: '\\N',
  })
  @ApiQuery({
    name: 'header',
    required: false,
    description: 'CSV: a row of names first; true unless given',
    schema: { type: 'boolean' },
  })
  @ApiQuery({
    name: 'guard',
    required: false,
    description: 'CSV: an apostrophe in front of texts that a spreadsheet would take for a formula',
    schema: { type: 'boolean' },
  })
  @ApiQuery({
    name: 'bom',
    required: false,
    description: 'CSV: a byte order mark first, for spreadsheets',
    schema: { type: 'boolean' },
  })
  @ApiBody(queryRequestSchema)
  @ApiResponse({
    status: 200,
    description: 'The rows, in the format that was asked for',
    content: Object.fromEntries(
      Object.values(streamFormats).map(({ contentType }) => [
        contentType.split(';')[0]!,
        { schema: { type: 'string' } },
      ]),
    ),
  })
  async stream(
    @Req() request: SluiceRequest,
    @Res() reply: FastifyReply,
    @Query() query: Record<string, unknown>,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const body = parseQueryRequest(request.body);
    const output = parseStreamOutput(query, body.rowMode);
    const { format } = output;
    const client = clientAbort(request, reply);
    const { 'accept-encoding': accepted, te = '' } = request.headers;
    const sink = new ResponseSink(reply.raw, {
      coding: format.compressed ? null : chooseCoding(accepted),
      // RFC 9110, 10.1.4: trailers only to whoever says that it keeps them.
      trailers: /\btrailers\b/i.test(String(te)),
      client,
    });
    await this.streams.stream(caller, body, output, {
      sink,
      client,
      requestId: request.id,
      url: request.raw.url ?? '/',
      open: ({ queryId }) => {
        // From here on the bytes are ours: Fastify would take a stream of its own, and put no reset at its end.
        reply.hijack();
        sink.start({
          ...reply.getHeaders(),
          'content-type': format.contentType,
          'x-query-id': queryId,
          // Hooks of Fastify do not see what is sent here.
          'x-audit-id': caller.origin.auditId,
          ...(format.extension && {
            'content-disposition': `attachment; filename="${queryId}.${format.extension}"`,
          }),
          ...(this.lifecycle.isStopping && { connection: 'close' }),
        });
      },
    });
  }
}
