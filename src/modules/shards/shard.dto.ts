import { ApiProperty, ApiSchema, OmitType, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNotIn,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import type { ConnectionInput } from '../../drivers/driver';
import { shardStatuses, type ShardStatus } from './shard-status';
import { strategyNames, type StrategyName } from './strategies/strategy-names';

/** Engines that shards may have. */
export const shardTypes = ['mysql', 'mariadb', 'postgresql'] as const;
export type ShardType = (typeof shardTypes)[number];

export const DEFAULT_GROUP = 'default';
/** Ids and names of groups. */
export const SHARD_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const SHARD_NAME_MESSAGE = '$property must hold a-z, 0-9, _ and - only, at most 63 of them';
/** What stands for something else where the id of a shard may stand. */
const RESERVED = ['global', 'session', 'all', 'active', 'groups', 'moves', 'assignments'];

/** Unlike `IsOptional`, `null` counts as given. */
const IfGiven = (): PropertyDecorator => ValidateIf((_, value: unknown) => value !== undefined);

/** A shard to be added: where it is, and as whom to log in. */
@ApiSchema({ name: 'ShardBody' })
export class ShardBody {
  /** Unique over all groups. */
  @ApiProperty({ example: 'shard-1' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'number' ? String(value) : value))
  @IsString()
  @Matches(SHARD_NAME, { message: SHARD_NAME_MESSAGE })
  @IsNotIn(RESERVED)
  shardId!: string;

  @ApiProperty({ required: false, default: DEFAULT_GROUP, example: DEFAULT_GROUP })
  @IfGiven()
  @Matches(SHARD_NAME, { message: SHARD_NAME_MESSAGE })
  group?: string;

  @ApiProperty({ enum: shardTypes, required: false, default: 'mysql', example: 'mysql' })
  @IfGiven()
  @IsIn(shardTypes)
  type?: ShardType;

  @ApiProperty({ example: 'shard-1.example.org' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(253)
  host!: string;

  @ApiProperty({ required: false, example: 3306 })
  @IfGiven()
  @IsInt()
  @Min(1)
  @Max(65_535)
  port?: number;

  @ApiProperty({ example: 'app' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  databaseName!: string;

  @ApiProperty({ example: 'app' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  username!: string;

  /** Goes in sealed, never comes back. */
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

  @ApiProperty({ required: false, default: 10, example: 10 })
  @IfGiven()
  @IsInt()
  @Min(1)
  @Max(1000)
  maxConnections?: number;

  @ApiProperty({ enum: shardStatuses, required: false, default: 'active', example: 'active' })
  @IfGiven()
  @IsIn(shardStatuses)
  status?: ShardStatus;

  /** Matched with the attribute `region` of users, where the group has that strategy. */
  @ApiProperty({ required: false, nullable: true, type: String, example: 'eu' })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  region?: string | null;
}

/** What of a shard changes; members that are not sent stay. A change of the server needs the password again. */
@ApiSchema({ name: 'ShardPatch' })
export class ShardPatch extends PartialType(OmitType(ShardBody, ['shardId', 'group'] as const)) {}

/** A group as it is set. */
@ApiSchema({ name: 'ShardGroupBody' })
export class ShardGroupBody {
  /** Connection of the database that holds what is not sharded. */
  @ApiProperty({
    required: false,
    nullable: true,
    type: String,
    format: 'uuid',
    example: '797acc11-1895-4207-8cb6-4085b6bd9c89',
  })
  @IsOptional()
  @IsUUID()
  globalConnectionId?: string | null;

  /** How keys come to shards; fixed once a key is assigned. */
  @ApiProperty({ enum: strategyNames, required: false, default: 'hash', example: 'hash' })
  @IfGiven()
  @IsIn(strategyNames)
  strategy?: StrategyName;

  /** The attribute of a user that is the key; without, the id of the user. Fixed once a key is assigned. */
  @ApiProperty({ required: false, nullable: true, type: String, example: 'tenant' })
  @IsOptional()
  @IsString()
  @Matches(/^[a-z][a-z0-9_]{0,62}$/, { message: 'keyAttribute must be the name of an attribute' })
  keyAttribute?: string | null;
}

/** Where a key is put. */
@ApiSchema({ name: 'ShardKeyBody' })
export class ShardKeyBody {
  @ApiProperty({ example: 'shard-1' })
  @Matches(SHARD_NAME, { message: SHARD_NAME_MESSAGE })
  shardId!: string;
}

/** Options of `GET /api/shards/{shardId}`. */
export class ShardQuery {
  /** Whether to ask the database now, for `latencyMs`. */
  @ApiProperty({ required: false, default: true, type: 'boolean' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  probe: boolean = true;
}
