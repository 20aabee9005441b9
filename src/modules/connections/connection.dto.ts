import { ApiProperty, ApiSchema, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { connectionTypes, type ConnectionInput, type ConnectionType } from '../../drivers/driver';
import { defaultRecordLiterals, recordLiterals, type RecordLiterals } from './record-literals';

/** A server with a copy of the database; account, database and TLS are those of the connection. */
@ApiSchema({ name: 'Replica' })
export class ReplicaBody {
  @ApiProperty({ example: 'db-2.example.org' })
  @IsString()
  @MaxLength(253)
  host!: string;

  /** That of the connection unless given. */
  @ApiProperty({ required: false, example: 5432 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  port?: number;
}

/** How to reach a database: what `POST /connections/test` takes. */
@ApiSchema({ name: 'ConnectionTarget' })
export class ConnectionTargetBody {
  @ApiProperty({ enum: connectionTypes, example: 'postgresql' })
  @IsIn(connectionTypes)
  type!: ConnectionType;

  @ApiProperty({ required: false, example: 'db.example.org' })
  @IsOptional()
  @IsString()
  @MaxLength(253)
  host?: string;

  @ApiProperty({ required: false, example: 5432 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  port?: number;

  /** Name of the database; for SQLite the path of the file. */
  @ApiProperty({ required: false, example: 'shop' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  database?: string;

  @ApiProperty({ required: false, example: 'shop_reader' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  username?: string;

  /** Goes in, never comes back. */
  @ApiProperty({ required: false, writeOnly: true, format: 'password', example: 'choose-a-password' })
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  password?: string;

  /** `true` verifies chain and name; or `{mode, ca, cert, key, servername}`. */
  @ApiProperty({
    required: false,
    oneOf: [{ type: 'boolean' }, { type: 'object' }],
    example: { mode: 'verify-full' },
  })
  @IsOptional()
  ssl?: ConnectionInput['ssl'];

  /** Instead of the members above. */
  @ApiProperty({ required: false, writeOnly: true, type: String })
  @IsOptional()
  @IsString()
  @MaxLength(4000)
  connectionString?: string;

  /** Servers that reads may go to. Any of them may become the primary: whichever takes writes is it. */
  @ApiProperty({ required: false, type: [ReplicaBody], maxItems: 9, example: [{ host: 'db-2.example.org' }] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(9)
  @ValidateNested({ each: true })
  @Type(() => ReplicaBody)
  replicas?: ReplicaBody[];

  /** Further options of the engine: `GET /api/database/supported` lists them. */
  @ApiProperty({ required: false, type: Object, example: { searchPath: ['shop'] } })
  @IsOptional()
  @IsObject()
  @Type(() => Object)
  options?: Record<string, unknown>;

  /** Refuses every statement that could write. */
  @ApiProperty({ required: false, default: true, example: true })
  @IsOptional()
  @IsBoolean()
  readOnly?: boolean;

  @ApiProperty({ required: false, default: 10, example: 10 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  maxConnections?: number;
}

/** A connection to be saved. */
@ApiSchema({ name: 'ConnectionBody' })
export class ConnectionBody extends ConnectionTargetBody {
  /** Unique. */
  @ApiProperty({ example: 'shop' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  @Matches(/^\S(.*\S)?$/s, { message: 'name must not begin or end with white space' })
  name!: string;

  @ApiProperty({ required: false, nullable: true, type: String, example: 'The shop' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  displayName?: string | null;

  @ApiProperty({ required: false, nullable: true, type: String, example: 'Orders and customers' })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string | null;

  /** Where constants in statements are kept: nowhere, in the history, or in the audit log as well (docs/audit.md). */
  @ApiProperty({ required: false, enum: recordLiterals, default: defaultRecordLiterals, example: 'history' })
  @IsOptional()
  @IsIn(recordLiterals)
  recordLiterals?: RecordLiterals;
  /** How long results may be answered from the cache, in seconds; 0 never, null as the setting `cache_ttl_seconds` says. */
  @ApiProperty({
    required: false,
    nullable: true,
    type: 'integer',
    minimum: 0,
    maximum: 86_400,
    example: 300,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(86_400)
  cacheTtlSeconds?: number | null;

  /** A connection that is not active is kept but not used. */
  @ApiProperty({ required: false, default: true, example: true })
  @IsOptional()
  @IsBoolean()
  active?: boolean;
}

/** What of a connection changes; members that are not sent stay, the password among them. */
@ApiSchema({ name: 'ConnectionPatch' })
export class ConnectionPatch extends PartialType(ConnectionBody) {}
