import type { AccountInfo } from './connection.entity';
import type { ConnectionInput, ConnectionType, Dialect } from '../../drivers/driver';
import type { RecordLiterals } from './record-literals';

/** A connection as the rest of the service knows it: everything but its secrets. */
export interface ConnectionRecord {
  readonly id: string;
  readonly name: string;
  readonly displayName: string | null;
  readonly description: string | null;
  readonly type: ConnectionType;
  readonly dialect: Dialect | null;
  /** Raised by every change; pools and cached results belong to one revision. */
  readonly revision: number;
  /** Raised by every change of its policies; 0 while it never had any. */
  readonly policyEpoch: number;
  readonly active: boolean;
  readonly readOnly: boolean;
  readonly maxConnections: number;
  readonly recordLiterals: RecordLiterals;
  /** How long results may be used, in seconds; 0 never, `null` as the setting says. */
  readonly cacheTtlSeconds: number | null;
  /** Host, port, database, user, options as the driver understood them; never a password. */
  readonly publicConfig: ConnectionInput;
  /** `null` until this revision was tested. */
  readonly accountInfo: AccountInfo | null;
  readonly createdBy: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Schemas an unqualified name may resolve to; empty where the engine has none. */
export function searchPathOf(record: Pick<ConnectionRecord, 'dialect' | 'publicConfig'>): readonly string[] {
  const { options, database } = record.publicConfig;
  if (record.dialect === 'postgresql') {
    const path = options?.searchPath;
    return Array.isArray(path) && path.length > 0 ? path.map(String) : ['public'];
  }
  return record.dialect === 'mysql' && database ? [database] : [];
}

/** How many servers the connection names. */
export function serverCountOf({ publicConfig }: Pick<ConnectionRecord, 'publicConfig'>): number {
  return 1 + (publicConfig.replicas?.length ?? 0);
}
