import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { PoolFigures } from '../../drivers/driver';
import { shardTypes } from './shard.dto';
import { shardStatuses, type ShardStatus } from './shard-status';
import { strategyNames, type StrategyName } from './strategies/strategy-names';

/** A shard as it is shown: the password is not part of it. */
@ApiSchema({ name: 'Shard' })
export class ShardView {
  @ApiProperty({ example: 'shard-1' })
  shardId!: string;

  @ApiProperty({ example: 'default' })
  group!: string;

  @ApiProperty({ enum: shardTypes })
  type!: string;

  @ApiProperty({ nullable: true, type: String })
  host!: string | null;

  @ApiProperty({ nullable: true, type: Number })
  port!: number | null;

  @ApiProperty({ nullable: true, type: String })
  databaseName!: string | null;

  @ApiProperty({ nullable: true, type: String })
  username!: string | null;

  @ApiProperty({ enum: shardStatuses })
  status!: ShardStatus;

  @ApiProperty({ nullable: true, type: String })
  region!: string | null;

  @ApiProperty({
    format: 'uuid',
    description: 'Permissions and policies of the shard are those of its connection',
  })
  connectionId!: string;

  @ApiProperty({ type: 'integer', description: 'Of the map; raised by every change of a shard of the group' })
  epoch!: number;

  @ApiProperty({
    enum: ['up', 'degraded', 'down', 'unknown'],
    description: 'As this replica sees it; unknown until somebody has used it',
  })
  state!: string;

  @ApiProperty({ nullable: true, type: String, description: 'Code of the last failure, while it is not up' })
  code!: string | null;

  @ApiProperty({
    nullable: true,
    type: Number,
    description: 'Milliseconds of one round trip, measured now; null where nothing was asked or answered',
  })
  latencyMs!: number | null;

  @ApiProperty({
    nullable: true,
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'Sessions of this replica; null while no pool is open',
  })
  pool!: PoolFigures | null;

  @ApiProperty({ type: 'integer', description: 'Keys that belong to it; with the strategy hash, buckets' })
  keys!: number;

  @ApiProperty({ type: Date })
  createdAt!: Date;

  @ApiProperty({ type: Date })
  updatedAt!: Date;
}

@ApiSchema({ name: 'ShardGroup' })
export class ShardGroupView {
  @ApiProperty({ example: 'default' })
  name!: string;

  @ApiProperty({ nullable: true, type: String, format: 'uuid' })
  globalConnectionId!: string | null;

  @ApiProperty({ enum: strategyNames })
  strategy!: StrategyName;

  @ApiProperty({ nullable: true, type: String })
  keyAttribute!: string | null;

  @ApiProperty({ type: 'integer', description: 'Buckets of the strategy hash' })
  bucketCount!: number;

  @ApiProperty({ type: 'integer', description: 'Raised by every change' })
  epoch!: number;
}

@ApiSchema({ name: 'ShardKey' })
export class ShardKeyView {
  @ApiProperty({ example: 'default' })
  group!: string;

  @ApiProperty({ description: 'The id of a user, or the attribute that is the key of the group' })
  key!: string;

  @ApiProperty({ description: 'What of the key is assigned: the key, or its bucket' })
  slot!: string;

  @ApiProperty({ nullable: true, type: String, description: 'null until the key is first used or put' })
  shardId!: string | null;
}
