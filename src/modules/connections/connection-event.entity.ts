import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { HealthState } from './connection-health';

/** A change of a connection's health, as one replica saw it. */
@Entity('connection_events')
export class ConnectionEvent {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'connection_id' })
  connectionId!: string;

  @Column('varchar')
  state!: HealthState;

  @Column('varchar', { nullable: true })
  code!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;
}
