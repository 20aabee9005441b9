import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Sealed } from '../../common/seal';
import type { PolicyItem } from './policy-item';

/** All policies of one connection; they are replaced together. */
@Entity('connection_policies')
export class ConnectionPolicies {
  /** Of the connection. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('integer')
  epoch!: number;

  @Column('jsonb')
  items!: PolicyItem[];

  /** `schema.name`, or `name` where functions have no schema. */
  @Column('text', { array: true })
  functions!: string[];

  @Column('jsonb', { name: 'hash_key' })
  hashKey!: Sealed;

  @Column('uuid', { name: 'updated_by', nullable: true })
  updatedBy!: string | null;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
