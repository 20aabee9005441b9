import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Sealed } from '../../common/seal';

/** A table a saved result was read from, in every schema its name may have resolved to. */
export interface ResultRelation {
  readonly schemas: readonly (string | null)[];
  readonly name: string;
}

@Entity('saved_results')
export class SavedResult {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'saved_query_id' })
  savedQueryId!: string;

  @Column('uuid', { name: 'query_history_id' })
  queryId!: string;

  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @Column('integer', { name: 'row_count' })
  rowCount!: number;

  @Column('jsonb')
  relations!: ResultRelation[];

  @Column('jsonb')
  result!: Sealed;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
