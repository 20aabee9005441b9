import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { IsTime } from '../../common/is-time';
import { PageQuery } from '../../common/page-query.dto';
import { runStatuses, type RunStatus } from './run';

export class HistoryQuery extends PageQuery {
  @ApiProperty({ enum: runStatuses, required: false })
  @IsOptional()
  @IsIn(runStatuses)
  status?: RunStatus;

  @IsOptional()
  @IsUUID()
  connectionId?: string;

  /** Whose; administrators only, others always see their own. */
  @IsOptional()
  @IsUUID()
  userId?: string;

  /** Earliest start, inclusive. */
  @IsOptional()
  @IsTime()
  from?: string;

  /** Latest start, exclusive. */
  @IsOptional()
  @IsTime()
  to?: string;

  /** Part of the statement, the question or the error, in any case. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  q?: string;
}
