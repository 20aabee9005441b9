import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiPage } from '../../http/api-answer';
import { HistoryQuery } from './history-query.dto';
import { HistoryReader } from './history.reader';
import { QueryHistory } from './query-history.entity';

@ApiTags('History')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/history')
export class HistoryController {
  constructor(private readonly history: HistoryReader) {}

  @Get()
  @Requires('history.read')
  @ApiOperation({ summary: "Runs, newest first: one's own, or everybody's for administrators" })
  @ApiPage(QueryHistory)
  find(@Query() query: HistoryQuery, @CurrentCaller() { principal }: Caller): Promise<Page<QueryHistory>> {
    return this.history.find(principal, query);
  }

  @Get(':id')
  @Requires('history.read')
  @ApiOperation({ summary: 'One run' })
  get(@Param('id', ParseUUIDPipe) id: string, @CurrentCaller() { principal }: Caller): Promise<QueryHistory> {
    return this.history.get(principal, id);
  }
}
