import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The shard that a session carries. */
@Entity('session_shards')
export class SessionShard {
  @PrimaryColumn('uuid', { name: 'session_id' })
  sessionId!: string;

  @PrimaryColumn('varchar', { name: 'group_name' })
  group!: string;

  @Column('varchar')
  slot!: string;

  @Column('varchar', { name: 'shard_id' })
  shardId!: string;

  @Column('integer')
  epoch!: number;
}
