import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Which shard a slot of a group belongs to. */
@Entity('shard_assignments')
export class ShardAssignment {
  @PrimaryColumn('varchar', { name: 'group_name' })
  group!: string;

  @PrimaryColumn('varchar')
  slot!: string;

  @Column('varchar', { name: 'shard_id' })
  shardId!: string;
}
