import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ErrorCode } from '../../common/errors/catalog';
import type { Sealed } from '../../common/seal';
import type { StreamFormatName } from '../query/stream/stream-formats';

export const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled', 'lost'] as const;
export type JobState = (typeof jobStates)[number];

const number = { to: (value: number) => value, from: (value: string) => Number(value) };

@Entity('query_jobs')
export class QueryJob {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('uuid', { name: 'connection_id' })
  connectionId!: string;

  @Column('varchar')
  state!: JobState;

  @Column('varchar')
  format!: StreamFormatName;

  @Column('jsonb')
  sealed!: Sealed;

  /** How often it was begun; part of the name of its result. */
  @Column('integer')
  attempt!: number;

  @Column('uuid', { name: 'run_id', nullable: true })
  runId!: string | null;

  @Column('bigint', { transformer: number })
  rows!: number;

  @Column('bigint', { transformer: number })
  bytes!: number;

  @Column('boolean', { nullable: true })
  truncated!: boolean | null;

  /** Of the result, in hexadecimal digits. */
  @Column('text', { nullable: true })
  sha256!: string | null;

  @Column('uuid', { name: 'store_id', nullable: true })
  storeId!: string | null;

  @Column('text', { name: 'plan_sha256', nullable: true })
  planSha256!: string | null;

  @Column('varchar', { name: 'error_code', nullable: true })
  errorCode!: ErrorCode | null;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;
}

/** What a result is called in its store. */
export function resultName({ id, attempt }: Pick<QueryJob, 'id' | 'attempt'>): string {
  return `${id}.${attempt}`;
}
