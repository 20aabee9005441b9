import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Sealed } from '../../common/seal';
import type { AccountPower } from '../../drivers/account-power';
import type { ConnectionType } from '../../drivers/driver';
import type { RecordLiterals } from './record-literals';

/** What is known of the catalog that was last read. */
export interface SchemaInfo {
  readonly revision: number;
  readonly tables: number;
  readonly schemas: (string | null)[];
}

/** What the account of a revision could do besides reading, as its last test found it. */
export interface AccountInfo {
  readonly revision: number;
  /** `null` when the server does not tell. */
  readonly account: readonly AccountPower[] | null;
  /** ISO 8601. */
  readonly checkedAt: string;
}

@Entity('database_connections')
export class DatabaseConnection {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('varchar', { length: 100 })
  name!: string;

  @Column('varchar', { name: 'display_name', nullable: true })
  displayName!: string | null;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('varchar', { name: 'db_type' })
  type!: ConnectionType;

  @Column('jsonb', { name: 'connection_config' })
  config!: Sealed;

  @Column('integer')
  revision!: number;

  /** Raised by every change of its policies. */
  @Column('integer', { name: 'policy_epoch', default: 0 })
  policyEpoch!: number;

  @Column('boolean', { name: 'is_active' })
  active!: boolean;

  @Column('boolean', { name: 'is_readonly' })
  readOnly!: boolean;

  @Column('integer', { name: 'max_connections' })
  maxConnections!: number;

  @Column('varchar', { name: 'record_literals' })
  recordLiterals!: RecordLiterals;
  /** `null`: as the setting says. */
  @Column('integer', { name: 'cache_ttl_seconds', nullable: true })
  cacheTtlSeconds!: number | null;

  @Column('jsonb', { name: 'schema_info', nullable: true })
  schemaInfo!: SchemaInfo | null;

  @Column('timestamptz', { name: 'last_schema_sync', nullable: true })
  lastSchemaSync!: Date | null;

  @Column('jsonb', { name: 'account_info', nullable: true })
  accountInfo!: AccountInfo | null;

  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', insert: false, update: false })
  updatedAt!: Date;
}
