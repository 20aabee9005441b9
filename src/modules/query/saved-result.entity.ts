import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Sealed } from '../../common/seal';
import type { RelationRef } from '../../sql/facts';

/** A table a saved result was read from, as the statement named it. */
export type ResultRelation = Pick<RelationRef, 'schema' | 'name'>;

@Entity('saved_results')
export class SavedResult {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'saved_query_id' })
  savedQueryId!: string;

  /** Where it was read from; the saved query may be moved to another connection later. */
  @Column('uuid', { name: 'connection_id' })
  connectionId!: string;

  @Column('uuid', { name: 'query_history_id' })
  queryId!: string;

  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @Column('integer', { name: 'row_count' })
  rowCount!: number;

  @Column('jsonb')
  relations!: ResultRelation[];

  /** Schemas that names without one resolved to. */
  @Column('text', { name: 'search_path', array: true })
  searchPath!: string[];

  /** What the policies were for who kept it; somebody else's have to be the same. */
  @Column('text', { name: 'policy_key' })
  policyKey!: string;

  @Column('jsonb')
  result!: Sealed;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
