import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { fullName } from '../../common/relation-description';
import { moveStates, moveWishes, type MoveDirection, type MoveState, type MoveWish } from './move-state';
import { noProgress } from './move-work';
import type { ShardMove } from './shard-move.entity';

@ApiSchema({ name: 'ShardTable' })
export class ShardTableView {
  @ApiProperty({ nullable: true, type: String, example: 'public' })
  schema!: string | null;

  @ApiProperty({ example: 'orders' })
  table!: string;

  @ApiProperty({ nullable: true, type: String, example: 'user_id' })
  keyColumn!: string | null;
}

@ApiSchema({ name: 'ShardMoveTable' })
export class MoveTableView {
  @ApiProperty({ example: 'orders' })
  table!: string;

  @ApiProperty({ example: 'user_id' })
  keyColumn!: string;

  @ApiProperty({ type: 'integer', description: 'Rows copied so far' })
  copied!: number;

  @ApiProperty({ description: 'Whether all rows were copied once' })
  isCopied!: boolean;

  @ApiProperty({ nullable: true, type: Number, description: 'Rows when they were last compared' })
  rows!: number | null;

  @ApiProperty({ type: 'integer', description: 'Rows deleted where the keys are not at home any more' })
  deleted!: number;
}

/** A move as administrators see it. */
@ApiSchema({ name: 'ShardMove' })
export class ShardMoveView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'default' })
  group!: string;

  @ApiProperty({ example: 'shard-1' })
  source!: string;

  @ApiProperty({ example: 'shard-2' })
  target!: string;

  @ApiProperty({ nullable: true, type: [String], description: 'null where buckets move' })
  keys!: string[] | null;

  @ApiProperty({ nullable: true, type: [Number], description: 'null where keys move' })
  buckets!: number[] | null;

  @ApiProperty({ enum: moveStates })
  state!: MoveState;

  @ApiProperty({ enum: ['forward', 'back'], description: 'back: it is being undone' })
  direction!: MoveDirection;

  @ApiProperty({
    nullable: true,
    enum: moveWishes,
    description: 'What was asked for and is not done yet',
  })
  wish!: MoveWish | null;

  @ApiProperty({ type: [MoveTableView] })
  tables!: MoveTableView[];

  @ApiProperty({ type: 'integer', description: 'How often the last step was begun' })
  cutovers!: number;

  @ApiProperty({ nullable: true, type: Number, description: 'Milliseconds that writes waited for the flip' })
  pauseMs!: number | null;

  @ApiProperty({ nullable: true, type: String, description: 'Code of the last failure' })
  errorCode!: string | null;

  @ApiProperty({ nullable: true, type: String })
  errorDetail!: string | null;

  @ApiProperty({ nullable: true, type: Date, description: 'When the keys last changed their owner' })
  flippedAt!: Date | null;

  @ApiProperty({ nullable: true, type: Date, description: 'Until when the move can be undone' })
  keepUntil!: Date | null;

  @ApiProperty({ type: Date })
  createdAt!: Date;

  @ApiProperty({ type: Date })
  updatedAt!: Date;

  @ApiProperty({ nullable: true, type: Date })
  finishedAt!: Date | null;
}

export function presentMove(move: ShardMove): ShardMoveView {
  const { id, group, keys, slots, state, direction, wish, cutovers, pauseMs, errorCode, errorDetail } = move;
  return {
    id,
    group,
    source: move.sourceId,
    target: move.targetId,
    keys,
    buckets: keys ? null : slots.map(Number),
    state,
    direction,
    wish,
    tables: move.tables.map((table) => {
      const known = Object.hasOwn(move.progress, fullName(table))
        ? move.progress[fullName(table)]
        : undefined;
      const { copied, after, rows, deleted } = known ?? noProgress;
      const isCopied = known !== undefined && after === null;
      return { table: fullName(table), keyColumn: table.key.name, copied, isCopied, rows, deleted };
    }),
    cutovers,
    pauseMs,
    errorCode,
    errorDetail,
    flippedAt: move.flippedAt,
    keepUntil: move.keepUntil,
    createdAt: move.createdAt,
    updatedAt: move.updatedAt,
    finishedAt: move.finishedAt,
  };
}
