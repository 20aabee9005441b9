import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { PageQuery } from '../../common/page-query.dto';
import { DEFAULT_GROUP, SHARD_NAME } from '../shards/shard.dto';

const MAX_BUCKET = 65_535;

/** Buckets of the strategy `hash`, both ends included. */
@ApiSchema({ name: 'BucketRange' })
export class BucketRange {
  @ApiProperty({ example: 0 })
  @IsInt()
  @Min(0)
  @Max(MAX_BUCKET)
  from!: number;

  @ApiProperty({ example: 1023 })
  @IsInt()
  @Min(0)
  @Max(MAX_BUCKET)
  to!: number;
}

/** What goes from where to where: `keys`, or with the strategy `hash` `buckets`. */
@ApiSchema({ name: 'ShardMoveBody' })
export class ShardMoveBody {
  @ApiProperty({ required: false, default: DEFAULT_GROUP, example: DEFAULT_GROUP })
  @IsOptional()
  @Matches(SHARD_NAME, { message: 'group must be the name of a group' })
  group?: string;

  @ApiProperty({ example: 'shard-1' })
  @Matches(SHARD_NAME, { message: 'source must be the id of a shard' })
  source!: string;

  @ApiProperty({ example: 'shard-2' })
  @Matches(SHARD_NAME, { message: 'target must be the id of a shard' })
  target!: string;

  @ApiProperty({ required: false, type: [String], example: ['2a5ba8fb-94b0-4a3c-a0d7-3c4ae2b8c3a1'] })
  @ValidateIf(({ buckets }: ShardMoveBody) => buckets === undefined)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ArrayUnique()
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(1000, { each: true })
  keys?: string[];

  /** Of these, the buckets that belong to the source. */
  @ApiProperty({ required: false, type: BucketRange, example: { from: 0, to: 1023 } })
  @IsOptional()
  @ValidateNested()
  @Type(() => BucketRange)
  buckets?: BucketRange;
}

/** A table of the shards of a group. */
@ApiSchema({ name: 'ShardTableBody' })
export class ShardTableBody {
  /** For engines whose databases have schemas; `public` without. */
  @ApiProperty({ required: false, nullable: true, type: String, example: 'public' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  schema?: string | null;

  @ApiProperty({ example: 'orders' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  table!: string;

  /** The column that holds the key; without, every shard has the table for itself and its rows stay. */
  @ApiProperty({ required: false, nullable: true, type: String, example: 'user_id' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  keyColumn?: string | null;
}

/** All tables of the shards of a group. */
@ApiSchema({ name: 'ShardTablesBody' })
export class ShardTablesBody {
  @ApiProperty({
    type: [ShardTableBody],
    example: [{ table: 'orders', keyColumn: 'user_id' }, { table: 'countries' }],
  })
  @IsArray()
  @ArrayMaxSize(1000)
  @ValidateNested({ each: true })
  @Type(() => ShardTableBody)
  items!: ShardTableBody[];
}

/** Filters of the list of moves. */
export class ShardMovesQuery extends PageQuery {
  @ApiProperty({ required: false, example: DEFAULT_GROUP })
  @IsOptional()
  @Matches(SHARD_NAME, { message: 'group must be the name of a group' })
  group?: string;
}
