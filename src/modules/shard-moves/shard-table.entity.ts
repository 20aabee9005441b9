import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A table of the shards of a group. */
@Entity('shard_tables')
export class ShardTable {
  @PrimaryColumn('varchar', { name: 'group_name' })
  group!: string;

  /** Empty where the database of the connection is the schema. */
  @PrimaryColumn('varchar', { name: 'schema_name' })
  schema!: string;

  @PrimaryColumn('varchar', { name: 'table_name' })
  table!: string;

  @Column('varchar', { name: 'key_column', nullable: true })
  keyColumn!: string | null;
}
