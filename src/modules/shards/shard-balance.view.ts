import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { shardStatuses, type ShardStatus } from './shard-status';

@ApiSchema({ name: 'ShardLoad' })
export class ShardLoadView {
  @ApiProperty({ example: 'shard-1' })
  shardId!: string;

  @ApiProperty({ enum: shardStatuses })
  status!: ShardStatus;

  @ApiProperty({ type: 'integer', description: 'Keys that belong to it; with the strategy hash, buckets' })
  keys!: number;

  @ApiProperty({ type: 'integer', description: 'Once every move that is proposed is done' })
  keysAfter!: number;
}

@ApiSchema({ name: 'ProposedBuckets' })
export class ProposedBucketsView {
  @ApiProperty({ type: 'integer', example: 0 })
  from!: number;

  @ApiProperty({ type: 'integer', example: 1023 })
  to!: number;
}

/** The body of a move, as `POST /api/shards/moves` takes it. */
@ApiSchema({ name: 'ProposedMove' })
export class ProposedMoveView {
  @ApiProperty({ example: 'default' })
  group!: string;

  @ApiProperty({ example: 'shard-1' })
  source!: string;

  @ApiProperty({ example: 'shard-2' })
  target!: string;

  @ApiProperty({ required: false, type: [String], description: 'At most 1,000' })
  keys?: string[];

  @ApiProperty({
    required: false,
    type: ProposedBucketsView,
    description: 'With the strategy hash: of these, both ends included, the buckets of the source',
  })
  buckets?: ProposedBucketsView;
}

@ApiSchema({ name: 'ShardBalance' })
export class ShardBalanceView {
  @ApiProperty({ example: 'default' })
  group!: string;

  @ApiProperty({ type: 'integer', description: 'Of the map that was looked at' })
  epoch!: number;

  @ApiProperty({ type: [ShardLoadView] })
  shards!: ShardLoadView[];

  @ApiProperty({ type: [ProposedMoveView], description: 'Empty when the shards are even' })
  moves!: ProposedMoveView[];

  @ApiProperty({ description: 'False when more keys would have to go than are named at a time' })
  complete!: boolean;
}
