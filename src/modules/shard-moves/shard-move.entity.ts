import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { MoveDirection, MoveState, MoveWish } from './move-state';
import type { MoveTable } from './move-table';

/** How far one table is. */
export interface TableProgress {
  /** Rows copied so far. */
  readonly copied: number;
  /** Where copying goes on; `null` when it is done. */
  readonly after: readonly (string | number | null)[] | null;
  /** Rows when they were last counted. */
  readonly rows: number | null;
  readonly deleted: number;
}

/** Keys or buckets on their way from one shard to another. */
@Entity('shard_moves')
export class ShardMove {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('varchar', { name: 'group_name' })
  group!: string;

  @Column('varchar', { name: 'source_id' })
  sourceId!: string;

  @Column('varchar', { name: 'target_id' })
  targetId!: string;

  /** What of the map changes its owner. */
  @Column('text', { array: true })
  slots!: string[];

  /** `null` with the strategy hash: whatever is in the buckets moves. */
  @Column('text', { array: true, nullable: true })
  keys!: string[] | null;

  /** Parents first. */
  @Column('jsonb')
  tables!: MoveTable[];

  @Column('varchar')
  state!: MoveState;

  @Column('varchar')
  direction!: MoveDirection;

  @Column('varchar', { name: 'resume_state', nullable: true })
  resumeState!: MoveState | null;

  @Column('varchar', { nullable: true })
  wish!: MoveWish | null;

  /** By the name of the table. */
  @Column('jsonb')
  progress!: Record<string, TableProgress>;

  @Column('varchar', { name: 'error_code', nullable: true })
  errorCode!: string | null;

  @Column('text', { name: 'error_detail', nullable: true })
  errorDetail!: string | null;

  @Column('integer')
  failures!: number;

  @Column('integer')
  cutovers!: number;

  @Column('integer', { name: 'pause_ms', nullable: true })
  pauseMs!: number | null;

  @Column('timestamptz', { name: 'flipped_at', nullable: true })
  flippedAt!: Date | null;

  @Column('timestamptz', { name: 'keep_until', nullable: true })
  keepUntil!: Date | null;

  /** Of the process that works on it. */
  @Column('uuid', { nullable: true })
  runner!: string | null;

  @Column('bigint', { name: 'lease_number' })
  leaseNumber!: string;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;

  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', update: false })
  updatedAt!: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
