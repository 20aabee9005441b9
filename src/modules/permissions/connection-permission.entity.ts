import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { ListedProcedure } from './listed-procedure';

@Entity('connection_permissions')
export class ConnectionPermission {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('uuid', { name: 'connection_id' })
  connectionId!: string;

  @Column('boolean', { name: 'can_query' })
  canQuery!: boolean;

  @Column('boolean', { name: 'can_write' })
  canWrite!: boolean;

  @Column('boolean')
  unmasked!: boolean;

  @Column('text', { name: 'allowed_schemas', array: true, nullable: true })
  allowedSchemas!: string[] | null;

  @Column('text', { name: 'allowed_tables', array: true, nullable: true })
  allowedTables!: string[] | null;

  @Column('text', { name: 'writable_tables', array: true, nullable: true })
  writableTables!: string[] | null;

  @Column('integer', { name: 'max_rows_per_query', nullable: true })
  maxRowsPerQuery!: number | null;

  @Column('integer', { name: 'max_rows_per_write', nullable: true })
  maxRowsPerWrite!: number | null;

  @Column('integer', { name: 'max_execution_time_seconds' })
  maxExecutionTimeSeconds!: number;

  @Column('integer', { name: 'max_concurrent_queries', nullable: true })
  maxConcurrentQueries!: number | null;

  @Column('integer', { name: 'daily_runs', nullable: true })
  dailyRuns!: number | null;

  /** node-postgres gives bigint as text. */
  @Column('bigint', {
    name: 'daily_rows',
    nullable: true,
    transformer: {
      to: (value: number | null) => value,
      from: (value: string | null) => value && Number(value),
    },
  })
  dailyRows!: number | null;

  @Column('integer', { name: 'daily_seconds', nullable: true })
  dailySeconds!: number | null;

  /** Left as they are where a permission is granted anew. */
  @Column('jsonb', { default: [] })
  procedures!: ListedProcedure[];

  @Column('uuid', { name: 'granted_by', nullable: true })
  grantedBy!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', insert: false, update: false })
  updatedAt!: Date;
}
