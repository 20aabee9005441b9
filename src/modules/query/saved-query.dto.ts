import { ApiProperty, ApiSchema, PartialType } from '@nestjs/swagger';
import {
  IsArray,
  IsBoolean,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUUID,
  ArrayMaxSize,
  MaxLength,
} from 'class-validator';

@ApiSchema({ name: 'SavedQueryBody' })
export class SavedQueryBody {
  /** Unique among the owner's. */
  @ApiProperty({ example: 'Best customers' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  name!: string;

  @ApiProperty({ required: false, nullable: true, type: String, example: 'By revenue of the last year' })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string | null;

  @ApiProperty({ format: 'uuid', example: '6f1f7f0e-52c5-4b0c-9f0a-0d6d5e0f8a11' })
  @IsUUID()
  connectionId!: string;

  /** Text, as `query` of `POST /api/database/query`. */
  @ApiProperty({
    example: 'SELECT customer_id, sum(total) FROM shop.orders GROUP BY 1 ORDER BY 2 DESC LIMIT 10',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(65_536)
  statement!: string;

  @ApiProperty({ required: false, type: 'array', items: {}, example: [] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1000)
  params?: unknown[];

  /** Whoever may use the connection sees it and its saved results; each within what they are permitted. */
  @ApiProperty({ required: false, default: false, example: true })
  @IsOptional()
  @IsBoolean()
  shared?: boolean;
}

@ApiSchema({ name: 'SavedQueryPatch' })
export class SavedQueryPatch extends PartialType(SavedQueryBody) {}
