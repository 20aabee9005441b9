import { IsOptional, IsUUID } from 'class-validator';
import { IsTime } from '../../common/is-time';
import { PageQuery } from '../../common/page-query.dto';

export class QueryStatsQuery extends PageQuery {
  @IsOptional()
  @IsUUID()
  connectionId?: string;

  /** Earliest hour, inclusive. */
  @IsOptional()
  @IsTime()
  from?: string;

  /** Latest hour, exclusive. */
  @IsOptional()
  @IsTime()
  to?: string;
}
