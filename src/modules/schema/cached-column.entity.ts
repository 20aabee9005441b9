import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { CanonicalType } from '../../drivers/cell';

@Entity('cached_schema_info')
export class CachedColumn {
  @PrimaryColumn('uuid', { name: 'connection_id' })
  connectionId!: string;

  @PrimaryColumn('text', { name: 'schema_name' })
  schemaName!: string;

  @PrimaryColumn('text', { name: 'table_name' })
  tableName!: string;

  @PrimaryColumn('text', { name: 'column_name' })
  columnName!: string;

  @Column('integer', { name: 'ordinal_position' })
  ordinal!: number;

  @Column('varchar', { name: 'canonical_type' })
  type!: CanonicalType;

  @Column('text', { name: 'data_type' })
  nativeType!: string;

  @Column('boolean', { name: 'is_nullable' })
  nullable!: boolean;

  @Column('text', { name: 'column_default', nullable: true })
  defaultExpression!: string | null;

  @Column('boolean', { name: 'is_primary_key' })
  primaryKey!: boolean;

  @Column('text', { nullable: true })
  comment!: string | null;
}
