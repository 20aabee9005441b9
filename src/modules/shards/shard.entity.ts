import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ShardStatus } from './shard-status';

@Entity('shards')
export class ShardRow {
  @PrimaryColumn('varchar')
  id!: string;

  @Column('varchar', { name: 'group_name' })
  group!: string;

  /** Of the connection that seals where the shard is and as whom to log in. */
  @Column('uuid', { name: 'connection_id' })
  connectionId!: string;

  @Column('varchar')
  status!: ShardStatus;

  @Column('varchar', { nullable: true })
  region!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', insert: false, update: false })
  updatedAt!: Date;
}
