import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { StrategyName } from './strategies/strategy-names';

@Entity('shard_groups')
export class ShardGroup {
  @PrimaryColumn('varchar')
  name!: string;

  @Column('varchar')
  strategy!: StrategyName;

  /** The attribute of a user that is the key; the id of the user when `null`. */
  @Column('varchar', { name: 'key_attribute', nullable: true })
  keyAttribute!: string | null;

  @Column('integer', { name: 'bucket_count' })
  bucketCount!: number;

  @Column('uuid', { name: 'global_connection_id', nullable: true })
  globalConnectionId!: string | null;

  /** Raised by every change of the map, in its transaction. */
  @Column('integer')
  epoch!: number;
}
