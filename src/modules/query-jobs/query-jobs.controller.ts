import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../common/access';
import { AppError } from '../../common/app-error';
import { CurrentCaller, type SluiceRequest } from '../../common/caller.decorator';
import { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiAnswer } from '../../http/api-answer';
import { streamFormats } from '../query/stream/stream-formats';
import { rangeAnswer } from './conditional-range';
import { JobResultsService } from './job-results.service';
import { parseQueryJobRequest } from './query-job-request';
import { queryJobRequestSchema } from './query-job-request.schema';
import { queryJobExample, type QueryJobView } from './query-job.view';
import { QueryJobsService } from './query-jobs.service';

const content = Object.fromEntries(
  Object.values(streamFormats).map(({ contentType }) => [
    contentType.split(';')[0]!,
    { schema: { type: 'string' as const } },
  ]),
);

@ApiTags('Background runs')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/query/jobs')
export class QueryJobsController {
  constructor(
    private readonly jobs: QueryJobsService,
    private readonly results: JobResultsService,
  ) {}

  @Post()
  @HttpCode(202)
  @Requires('query.run')
  @ApiOperation({ summary: 'Run one statement in the background, and keep its result for a time' })
  @ApiBody(queryJobRequestSchema)
  @ApiAnswer(queryJobExample, 202)
  async create(
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
    @CurrentCaller() caller: Caller,
  ): Promise<QueryJobView> {
    const job = await this.jobs.create(caller, parseQueryJobRequest(body));
    void reply.header('location', `/api/database/query/jobs/${job.id}`);
    return job;
  }

  @Get()
  @Requires('query.run')
  @ApiOperation({ summary: "One's own background runs, or everybody's for administrators, newest first" })
  @ApiAnswer({ items: [queryJobExample], nextCursor: null })
  list(@Query() page: PageQuery, @CurrentCaller() { principal }: Caller): Promise<Page<QueryJobView>> {
    return this.jobs.list(principal, page);
  }

  @Get(':jobId')
  @Requires('query.run')
  @ApiOperation({ summary: 'How far a background run is' })
  @ApiAnswer(queryJobExample)
  get(
    @Param('jobId', ParseUUIDPipe) jobId: string,
    @CurrentCaller() { principal }: Caller,
  ): Promise<QueryJobView> {
    return this.jobs.get(principal, jobId);
  }

  @Delete(':jobId')
  @HttpCode(204)
  @Requires('query.run')
  @ApiOperation({ summary: 'Stop a background run; delete one that has ended, with its result' })
  async remove(@Param('jobId', ParseUUIDPipe) jobId: string, @CurrentCaller() caller: Caller): Promise<void> {
    await this.jobs.remove(caller, jobId);
  }

  @Get(':jobId/result')
  @Requires('query.run')
  @ApiOperation({
    summary: 'The result of a background run, if its owner would still be sent the same',
    description: 'Takes `Range` with one range of bytes, `If-Range` and `If-None-Match` (RFC 9110).',
  })
  @ApiHeader({ name: 'range', required: false, example: 'bytes=0-1023' })
  @ApiResponse({ status: 200, description: 'All of it, in its format', content })
  @ApiResponse({ status: 206, description: 'The bytes of the range', content })
  async result(
    @Param('jobId', ParseUUIDPipe) jobId: string,
    @Req() request: SluiceRequest,
    @Res() reply: FastifyReply,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const job = await this.results.require(caller, jobId);
    const { contentType, extension } = streamFormats[job.format];
    const etag = `"${job.sha256}"`;
    const answer = rangeAnswer(request.headers, etag, job.bytes);
    if (answer.status === 416) {
      void reply.header('content-range', `bytes */${job.bytes}`);
      throw new AppError('request.range_unsatisfiable', `The result has ${job.bytes} bytes`);
    }
    const validators = { etag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' };
    if (answer.status === 304) {
      await reply.code(304).headers(validators).send();
      return;
    }
    const { first, last } = answer.range;
    const body = await this.results.read(caller, job, answer.range);
    if (answer.status === 206) void reply.header('content-range', `bytes ${first}-${last}/${job.bytes}`);
    await reply
      .code(answer.status)
      .headers({
        ...validators,
        'content-type': contentType,
        'content-length': last - first + 1,
        'content-disposition': `attachment; filename="${job.id}.${extension ?? job.format}"`,
      })
      .send(body);
  }
}
