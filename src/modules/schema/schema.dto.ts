import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { PageQuery } from '../../common/page-query.dto';

export class SchemaQuery extends PageQuery {
  /** The caller's default connection when not given. */
  @IsOptional()
  @IsUUID()
  connectionId?: string;

  /** Read the catalog of the database anew. */
  @ApiProperty({ required: false, default: false })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) =>
    value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value,
  )
  @IsBoolean()
  refresh: boolean = false;

  /** Only this schema. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  schema?: string;

  /** Part of the name or comment of a table, in any case. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  q?: string;
}
