import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AuditResult } from './audit-event';

@Entity('audit_logs')
export class AuditLog {
  @PrimaryColumn('uuid')
  id!: string;

  /** The same as `actorId`. */
  @Column({ type: 'uuid', name: 'user_id', nullable: true, insert: false, update: false })
  userId!: string | null;

  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text', { name: 'actor_name', nullable: true })
  actorName!: string | null;

  @Column('varchar')
  action!: string;

  @Column('varchar', { name: 'resource_type', nullable: true })
  resourceType!: string | null;

  @Column('text', { name: 'resource_id', nullable: true })
  resourceId!: string | null;

  @Column('inet', { name: 'ip_address', nullable: true })
  ipAddress!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column('uuid', { name: 'request_id', nullable: true })
  requestId!: string | null;

  @Column('jsonb')
  details!: Record<string, unknown>;

  @Column('varchar')
  result!: AuditResult;

  @PrimaryColumn('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
