import { IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { IsTime } from '../../common/is-time';
import { PageQuery } from '../../common/page-query.dto';
import type { AuditResult } from './audit-event';

export class AuditQuery extends PageQuery {
  /** Who did it. */
  @IsOptional()
  @IsUUID()
  userId?: string;

  /** `auth.login`, or a whole area with `auth.*`. */
  @IsOptional()
  @IsString()
  @MaxLength(60)
  action?: string;

  @IsOptional()
  @IsString()
  @MaxLength(40)
  resourceType?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  resourceId?: string;

  @IsOptional()
  @IsUUID()
  requestId?: string;

  @IsOptional()
  @IsIn(['success', 'failure', 'partial'])
  result?: AuditResult;

  /** Earliest time, inclusive. */
  @IsOptional()
  @IsTime()
  from?: string;

  /** Latest time, exclusive. */
  @IsOptional()
  @IsTime()
  to?: string;
}
