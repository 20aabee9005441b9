import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Patch,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../common/access';
import { CurrentCaller, type SluiceRequest } from '../../common/caller.decorator';
import { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiAnswer, ApiPage } from '../../http/api-answer';
import { clientAbort } from './client-abort';
import { queryResultExample, savedResultExample } from './query-result.example';
import { SavedQueriesService } from './saved-queries.service';
import { SavedQueryBody, SavedQueryPatch } from './saved-query.dto';
import { SavedQuery } from './saved-query.entity';
import { SavedResultsService, type SavedResultView } from './saved-results.service';

@ApiTags('Saved queries')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database')
export class SavedQueriesController {
  constructor(
    private readonly queries: SavedQueriesService,
    private readonly results: SavedResultsService,
  ) {}

  @Get('saved-queries')
  @Requires('history.read')
  @ApiOperation({ summary: "One's own saved queries and those shared on connections one may use" })
  @ApiPage(SavedQuery)
  list(@Query() page: PageQuery, @CurrentCaller() { principal }: Caller): Promise<Page<SavedQuery>> {
    return this.queries.list(principal, page);
  }

  @Post('saved-queries')
  @Requires('query.run')
  @ApiOperation({ summary: 'Keep a statement under a name' })
  create(@Body() body: SavedQueryBody, @CurrentCaller() caller: Caller): Promise<SavedQuery> {
    return this.queries.create(caller, body);
  }

  @Get('saved-queries/:id')
  @Requires('history.read')
  @ApiOperation({ summary: 'One saved query' })
  get(@Param('id', ParseUUIDPipe) id: string, @CurrentCaller() { principal }: Caller): Promise<SavedQuery> {
    return this.queries.get(principal, id);
  }

  @Patch('saved-queries/:id')
  @Requires('query.run')
  @ApiOperation({ summary: 'Change a saved query; its owner only' })
  update(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() patch: SavedQueryPatch,
    @CurrentCaller() caller: Caller,
  ): Promise<SavedQuery> {
    return this.queries.update(caller, id, patch);
  }

  @Delete('saved-queries/:id')
  @HttpCode(204)
  @Requires('query.run')
  @ApiOperation({ summary: 'Delete a saved query with its results; its owner only' })
  async delete(@Param('id', ParseUUIDPipe) id: string, @CurrentCaller() caller: Caller): Promise<void> {
    await this.queries.delete(caller, id);
  }

  @Post('saved-queries/:id/results')
  @Requires('query.run')
  @ApiOperation({ summary: 'Run a saved query and keep its result' })
  @ApiAnswer(savedResultExample, 201)
  createResult(
    @Param('id', ParseUUIDPipe) id: string,
    @Req() request: SluiceRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @CurrentCaller() caller: Caller,
  ): Promise<SavedResultView> {
    return this.results.create(caller, id, clientAbort(request, reply));
  }

  @Get('saved-queries/:id/results')
  @Requires('history.read')
  @ApiOperation({ summary: 'Kept results of a saved query, newest first' })
  @ApiAnswer({ items: [savedResultExample], nextCursor: null })
  listResults(
    @Param('id', ParseUUIDPipe) id: string,
    @Query() page: PageQuery,
    @CurrentCaller() { principal }: Caller,
  ): Promise<Page<SavedResultView>> {
    return this.results.list(principal, id, page);
  }

  @Get('saved-results/:id')
  @Requires('history.read')
  @Header('content-type', 'application/json; charset=utf-8')
  @ApiOperation({ summary: 'A kept result as it was given, to whom its tables are permitted now' })
  @ApiAnswer(queryResultExample)
  readResult(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentCaller() { principal }: Caller,
  ): Promise<string> {
    return this.results.read(principal, id);
  }
}
