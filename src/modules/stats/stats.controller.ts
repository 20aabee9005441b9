import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import { ApiPage } from '../../http/api-answer';
import { QueryStatsQuery } from './stats-query.dto';
import { StatsReader } from './stats.reader';
import { QueryStatsView, UserStatsView } from './stats.view';

/** What everybody did in figures: for those who may read the record of it. */
@ApiTags('Statistics')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('stats')
@Requires('audit.read')
export class StatsController {
  constructor(private readonly stats: StatsReader) {}

  @Get('queries')
  @ApiOperation({ summary: 'Runs by hour and connection, of the last seven days' })
  @ApiPage(QueryStatsView)
  queries(@Query() query: QueryStatsQuery): Promise<Page<QueryStatsView>> {
    return this.stats.queries(query);
  }

  @Get('users')
  @ApiOperation({ summary: 'Runs by user, of the last seven days' })
  @ApiPage(UserStatsView)
  users(@Query() page: PageQuery): Promise<Page<UserStatsView>> {
    return this.stats.users(page);
  }
}
