import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { accountPowers, isProvablyReadOnly, type AccountPower } from '../../drivers/account-power';
import { connectionTypes, type ConnectionType } from '../../drivers/driver';
import { ReplicaBody } from './connection.dto';
import type { ConnectionRecord } from './connection-record';
import { recordLiterals, type RecordLiterals } from './record-literals';

/** One thing that the account of a connection could do besides reading. */
@ApiSchema({ name: 'AccountPower' })
class AccountPowerView {
  @ApiProperty({ enum: Object.keys(accountPowers), example: 'write_tables' })
  code!: string;

  @ApiProperty({ example: 'It may write: shop.orders.' })
  detail!: string;
}

/** A connection as it is shown: the password is not part of it. */
@ApiSchema({ name: 'Connection' })
export class ConnectionView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'shop' })
  name!: string;

  @ApiProperty({ nullable: true, type: String })
  displayName!: string | null;

  @ApiProperty({ nullable: true, type: String })
  description!: string | null;

  @ApiProperty({ enum: connectionTypes })
  type!: ConnectionType;

  @ApiProperty({ nullable: true, type: String })
  host!: string | null;

  @ApiProperty({ nullable: true, type: Number })
  port!: number | null;

  @ApiProperty({ type: [ReplicaBody], description: 'Servers that reads may go to' })
  replicas!: readonly ReplicaBody[];

  @ApiProperty({ nullable: true, type: String })
  database!: string | null;

  @ApiProperty({ nullable: true, type: String })
  username!: string | null;

  @ApiProperty({ oneOf: [{ type: 'boolean' }, { type: 'object' }] })
  ssl!: unknown;

  @ApiProperty({ type: 'object', additionalProperties: true })
  options!: Readonly<Record<string, unknown>>;

  @ApiProperty({ type: Boolean })
  readOnly!: boolean;

  @ApiProperty({ type: 'integer' })
  maxConnections!: number;

  @ApiProperty({ enum: recordLiterals, example: 'history' })
  recordLiterals!: RecordLiterals;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'How long results may be answered from the cache, in seconds; 0 never, null as the setting says',
  })
  cacheTtlSeconds!: number | null;

  @ApiProperty({ type: Boolean })
  active!: boolean;

  @ApiProperty({ type: 'integer', description: 'Raised by every change' })
  revision!: number;

  @ApiProperty({ type: Boolean, description: "Whether it is the caller's default" })
  isDefault!: boolean;

  @ApiProperty({
    type: Boolean,
    nullable: true,
    description:
      'Whether nothing could be written over it even without this service; null until a test of this revision could tell',
  })
  provablyReadOnly!: boolean | null;

  @ApiProperty({
    type: [AccountPowerView],
    nullable: true,
    description:
      'What the account could do besides reading; null where that is not known, or not for the caller',
  })
  account!: readonly AccountPower[] | null;

  @ApiProperty({ type: Date, nullable: true, description: 'When a test last asked what the account may do' })
  accountCheckedAt!: Date | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Where statements are that create an account which can only read, when this one is not proved to',
  })
  readOnlyAccountScript!: string | null;

  @ApiProperty({ type: Date })
  createdAt!: Date;

  @ApiProperty({ type: Date })
  updatedAt!: Date;
}

/** Who may only use a connection learns its name and kind, not where it is or as whom it logs in. */
export function connectionView(
  record: ConnectionRecord,
  isDefault: boolean,
  withTarget: boolean,
): ConnectionView {
  const { accountInfo } = record;
  const provablyReadOnly = isProvablyReadOnly(accountInfo?.account ?? null);
  const needsScript = withTarget && provablyReadOnly === false && record.type !== 'sqlite';
  const target = withTarget ? record.publicConfig : {};
  return {
    id: record.id,
    name: record.name,
    displayName: record.displayName,
    description: record.description,
    type: record.type,
    host: target.host ?? null,
    port: target.port ?? null,
    replicas: target.replicas ?? [],
    database: target.database ?? null,
    username: target.username ?? null,
    ssl: target.ssl ?? false,
    options: target.options ?? {},
    readOnly: record.readOnly,
    maxConnections: record.maxConnections,
    recordLiterals: record.recordLiterals,
    cacheTtlSeconds: record.cacheTtlSeconds,
    active: record.active,
    revision: record.revision,
    isDefault,
    provablyReadOnly,
    account: withTarget ? (accountInfo?.account ?? null) : null,
    accountCheckedAt: accountInfo && new Date(accountInfo.checkedAt),
    readOnlyAccountScript: needsScript ? `/api/database/connections/${record.id}/read-only-account` : null,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
  };
}
