import { ApiProperty, OmitType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Min } from 'class-validator';
import { AuditQuery } from '../../audit/audit-query.dto';

export class ExportQuery extends OmitType(AuditQuery, ['limit', 'cursor'] as const) {
  /** `ndjson` is what `npm run audit:verify` reads; `csv` is for spreadsheets. */
  @ApiProperty({ required: false, default: 'ndjson', enum: ['ndjson', 'csv'] })
  @IsOptional()
  @IsIn(['ndjson', 'csv'])
  format: 'ndjson' | 'csv' = 'ndjson';

  /** Without filters: only what came after the root of this number, to continue another export. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  afterRoot?: number;
}
