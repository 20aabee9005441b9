import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ForeignKeyInfo, IndexInfo, TableInfo } from '../../drivers/table-info';

@Entity('cached_schema_tables')
export class CachedTable {
  @PrimaryColumn('uuid', { name: 'connection_id' })
  connectionId!: string;

  /** Empty where the engine has no schemas. */
  @PrimaryColumn('text', { name: 'schema_name' })
  schemaName!: string;

  @PrimaryColumn('text', { name: 'table_name' })
  tableName!: string;

  @Column('varchar')
  kind!: TableInfo['kind'];

  @Column('text', { nullable: true })
  comment!: string | null;

  @Column({
    type: 'bigint',
    name: 'row_estimate',
    nullable: true,
    transformer: {
      to: (value: number | null) => value,
      from: (value: string | null) => value && Number(value),
    },
  })
  rowEstimate!: number | null;

  @Column('jsonb')
  indexes!: IndexInfo[];

  @Column('jsonb', { name: 'foreign_keys' })
  foreignKeys!: ForeignKeyInfo[];

  @Column('timestamptz', { name: 'cached_at' })
  cachedAt!: Date;
}
