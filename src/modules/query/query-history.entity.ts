import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RunStatus } from './run';

/** The driver gives `bigint` as text. */
const wholeNumber = {
  to: (value: number | null) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};

@Entity('query_history')
export class QueryHistory {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  @Column('uuid', { name: 'connection_id', nullable: true })
  connectionId!: string | null;

  @Column('integer', { name: 'connection_revision', nullable: true })
  connectionRevision!: number | null;

  /** What was asked in words, where the statement was made from a question. */
  @Column('text', { nullable: true })
  question!: string | null;

  @Column('text', { name: 'generated_sql', nullable: true })
  statement!: string | null;

  @Column('varchar', { name: 'statement_kind', nullable: true })
  statementKind!: string | null;

  @Column('varchar', { name: 'query_type' })
  queryType!: 'database' | 'excel' | 'general';

  @Column('varchar')
  status!: RunStatus;

  @Column('varchar', { name: 'error_code', nullable: true })
  errorCode!: string | null;

  @Column('text', { name: 'error_message', nullable: true })
  errorMessage!: string | null;

  @Column({ type: 'bigint', name: 'row_count', nullable: true, transformer: wholeNumber })
  rowCount!: number | null;

  /** Of the rows as they were encoded for the answer, before compression. */
  @Column({ type: 'bigint', name: 'result_bytes', nullable: true, transformer: wholeNumber })
  bytes!: number | null;

  @Column('boolean', { nullable: true })
  truncated!: boolean | null;

  @Column('boolean')
  cached!: boolean;

  @Column('double precision', { name: 'execution_time_ms', nullable: true })
  executionTimeMs!: number | null;

  @Column('uuid', { name: 'request_id', nullable: true })
  requestId!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
