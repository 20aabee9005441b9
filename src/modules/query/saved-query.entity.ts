import { ApiProperty } from '@nestjs/swagger';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('saved_queries')
export class SavedQuery {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'owner_id' })
  ownerId!: string;

  @Column('uuid', { name: 'connection_id' })
  connectionId!: string;

  @Column('varchar')
  name!: string;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('text')
  statement!: string;

  @ApiProperty({ type: 'array', items: {} })
  @Column('jsonb')
  params!: unknown[];

  @Column('boolean', { name: 'is_shared' })
  shared!: boolean;

  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', insert: false, update: false })
  updatedAt!: Date;
}
