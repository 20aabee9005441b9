import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Role } from '../../common/principal';
import type { UserAttributes } from './dto/is-attributes';

@Entity('users')
export class User {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('varchar')
  username!: string;

  @Column('varchar')
  email!: string;

  /** Not read unless asked for. */
  @Column('text', { name: 'password_hash', select: false })
  passwordHash!: string;

  @Column('varchar', { name: 'full_name', nullable: true })
  fullName!: string | null;

  @Column('varchar')
  role!: Role;

  /** Values that row filters may name. */
  @Column('jsonb')
  attributes!: UserAttributes;

  @Column('boolean', { name: 'is_active' })
  isActive!: boolean;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  /** Written by a trigger. */
  @Column({ type: 'timestamptz', name: 'updated_at', insert: false, update: false })
  updatedAt!: Date;

  @Column('timestamptz', { name: 'last_login_at', nullable: true })
  lastLoginAt!: Date | null;
}
