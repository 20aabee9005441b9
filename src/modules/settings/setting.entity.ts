import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { SettingPrimitive } from './setting-definition';

@Entity('system_settings')
export class Setting {
  @PrimaryColumn('varchar')
  key!: string;

  @Column('jsonb')
  value!: SettingPrimitive;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('varchar')
  category!: string;

  @Column('boolean', { name: 'is_sensitive' })
  isSensitive!: boolean;

  @Column('uuid', { name: 'updated_by', nullable: true })
  updatedBy!: string | null;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
