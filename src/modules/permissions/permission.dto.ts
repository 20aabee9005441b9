import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';

/** What a user may do on a connection. Lists: `null` means all, `[]` none. */
@ApiSchema({ name: 'PermissionBody' })
export class PermissionBody {
  @ApiProperty({ default: true, required: false, example: true })
  @IsOptional()
  @IsBoolean()
  canQuery: boolean = true;

  @ApiProperty({ default: false, required: false, example: false })
  @IsOptional()
  @IsBoolean()
  canWrite: boolean = false;

  /** Sees values that policies would mask. */
  @ApiProperty({ default: false, required: false, example: false })
  @IsOptional()
  @IsBoolean()
  unmasked: boolean = false;

  @ApiProperty({ type: [String], nullable: true, required: false, default: null, example: ['shop'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1000)
  @IsString({ each: true })
  @MaxLength(200, { each: true })
  allowedSchemas: string[] | null = null;

  /** `schema.table`, or `table` where the engine has no schemas. */
  @ApiProperty({
    type: [String],
    nullable: true,
    required: false,
    default: null,
    example: ['shop.products', 'shop.orders'],
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10_000)
  @IsString({ each: true })
  @MaxLength(400, { each: true })
  allowedTables: string[] | null = null;

  /** Which of the permitted tables may be written, where `canWrite` is set. */
  @ApiProperty({ type: [String], nullable: true, required: false, default: null, example: [] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10_000)
  @IsString({ each: true })
  @MaxLength(400, { each: true })
  writableTables: string[] | null = null;

  /** `null`: no bound but the service's own setting `max_query_rows`. */
  @ApiProperty({ type: Number, nullable: true, required: false, default: 10_000, example: 1000 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  maxRowsPerQuery: number | null = 10_000;

  /** A write that changes more rows is rolled back; `null`: no bound. */
  @ApiProperty({ type: Number, nullable: true, required: false, default: 10_000, example: 100 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  maxRowsPerWrite: number | null = 10_000;

  @ApiProperty({ required: false, default: 30, example: 30 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(86_400)
  maxExecutionTimeSeconds: number = 30;

  /** Statements that may run at the same time, over all replicas; `null`: no bound. */
  @ApiProperty({ type: Number, nullable: true, required: false, default: null, example: 5 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  maxConcurrentQueries: number | null = null;

  /** Statements in a day of UTC; `null`: no bound. */
  @ApiProperty({ type: Number, nullable: true, required: false, default: null, example: 5000 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  dailyRuns: number | null = null;

  /** Rows read or changed in a day of UTC; `null`: no bound. */
  @ApiProperty({ type: Number, nullable: true, required: false, default: null, example: 1_000_000 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  dailyRows: number | null = null;

  /** Seconds of running statements in a day of UTC; `null`: no bound. */
  @ApiProperty({ type: Number, nullable: true, required: false, default: null, example: 3600 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  dailySeconds: number | null = null;
}

/** A permission as it stands. */
@ApiSchema({ name: 'Permission' })
export class PermissionView extends PermissionBody {
  @ApiProperty({ format: 'uuid' })
  userId!: string;

  @ApiProperty({ format: 'uuid' })
  connectionId!: string;

  @ApiProperty({ format: 'uuid', nullable: true, type: String })
  grantedBy!: string | null;

  @ApiProperty()
  updatedAt!: Date;
}
