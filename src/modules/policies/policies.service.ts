import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller, Principal } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { CONNECTION_TOPIC } from '../connections/connection-directory';
import type { ConnectionRecord } from '../connections/connection-record';
import type { Permission } from '../permissions/permission';
import type { SealedColumn } from '../sealing/sealed-column';
import { Vault } from '../sealing/vault';
import { ConnectionPolicies } from './connection-policies.entity';
import {
  effectivePolicies,
  noPolicies,
  type EffectivePolicies,
  type PolicyViewer,
} from './effective-policies';
import type { PolicyItem } from './policy-item';

const place: SealedColumn = { table: 'connection_policies', column: 'hash_key' };
const MAX_CACHED = 1_000;
/** Viewers whose policies are kept for one connection. */
const MAX_VIEWERS = 10_000;
const HASH_KEY_BYTES = 32;

interface PolicySet {
  readonly items: readonly PolicyItem[];
  readonly functions: ReadonlySet<string>;
  readonly hashKey: Buffer;
  readonly byViewer: LRUCache<string, EffectivePolicies>;
}

const none: PolicySet = {
  items: [],
  functions: new Set(),
  hashKey: Buffer.alloc(HASH_KEY_BYTES),
  byViewer: new LRUCache({ max: MAX_VIEWERS }),
};

export interface ConnectionPolicySet {
  readonly epoch: number;
  readonly items: readonly PolicyItem[];
  readonly functions: readonly string[];
}

/**
 * The policies of connections. The epoch of a connection names one set for ever, so a set is cached without being
 * invalidated; that it is still the connection's is confirmed by `connectionUnchanged` when a run is recorded.
 */
@Injectable()
export class PoliciesService {
  private readonly sets = new LRUCache<string, PolicySet>({ max: MAX_CACHED });

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly vault: Vault,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
  ) {
    vault.register(place);
  }

  /** What holds for a principal on a connection of this epoch. */
  async effectiveFor(
    connection: ConnectionRecord,
    { userId, username, role, attributes }: Principal,
    { unmasked }: Pick<Permission, 'unmasked'>,
  ): Promise<EffectivePolicies> {
    const { items, byViewer } = await this.setOf(connection);
    if (items.length === 0) return noPolicies;
    const key = JSON.stringify([userId, username, role, unmasked, attributes]);
    const known = byViewer.get(key);
    if (known) return known;
    const values = JSON.parse(attributes) as PolicyViewer['attributes'];
    const effective = effectivePolicies(
      items,
      { userId, username, role, unmasked, attributes: values },
      connection.dialect,
    );
    byViewer.set(key, effective);
    return effective;
  }

  /** Functions that statements on this connection may call although nobody knows what they do. */
  async functionsOf(connection: ConnectionRecord): Promise<ReadonlySet<string>> {
    return (await this.setOf(connection)).functions;
  }

  /** 32 bytes; the key of the `hash` mask on this connection. */
  async hashKeyOf(connection: ConnectionRecord): Promise<Buffer> {
    return (await this.setOf(connection)).hashKey;
  }

  async get(connectionId: string): Promise<ConnectionPolicySet> {
    const row = await this.dataSource.getRepository(ConnectionPolicies).findOneBy({ id: connectionId });
    return { epoch: row?.epoch ?? 0, items: row?.items ?? [], functions: row?.functions ?? [] };
  }

  /**
   * Replaces all policies of a connection; running statements go on, no statement begins under the old ones.
   * @param items checked before
   */
  async replace(
    caller: Caller,
    connectionId: string,
    items: PolicyItem[],
    functions: string[],
  ): Promise<ConnectionPolicySet> {
    return this.signals.transaction(async (manager) => {
      const epoch = await raiseEpoch(manager, connectionId);
      const before = await manager.findOneBy(ConnectionPolicies, { id: connectionId });
      const hashKey =
        before?.hashKey ??
        this.vault.seal(place, connectionId, randomBytes(HASH_KEY_BYTES).toString('base64'));
      await manager.save(ConnectionPolicies, {
        id: connectionId,
        epoch,
        items,
        functions,
        hashKey,
        updatedBy: caller.principal.userId,
        updatedAt: new Date(),
      });
      await this.audit.recordIn(manager, {
        ...byCaller(caller),
        action: 'policy.update',
        resourceType: 'connection',
        resourceId: connectionId,
        result: 'success',
        details: {
          epoch,
          before: before?.items ?? [],
          after: items,
          functions: { before: before?.functions ?? [], after: functions },
        },
      });
      await this.signals.publish(manager, CONNECTION_TOPIC, connectionId);
      return { epoch, items, functions };
    });
  }

  private async setOf({ id, policyEpoch }: ConnectionRecord): Promise<PolicySet> {
    if (policyEpoch === 0) return none;
    const key = `${id}:${policyEpoch}`;
    const known = this.sets.get(key);
    if (known) return known;
    const row = await this.dataSource.getRepository(ConnectionPolicies).findOneBy({ id });
    if (!row) throw new AppError('resource.not_found', 'There is no such connection');
    const set: PolicySet = {
      items: row.items,
      functions: new Set(row.functions),
      hashKey: Buffer.from(this.vault.open(place, id, row.hashKey), 'base64'),
      byViewer: new LRUCache({ max: MAX_VIEWERS }),
    };
    // A later set than the one that was asked for is as good: the run is decided again when it is recorded.
    if (row.epoch === policyEpoch) this.sets.set(key, set);
    return set;
  }
}

async function raiseEpoch(manager: EntityManager, connectionId: string): Promise<number> {
  const [rows] = (await manager.query(
    'UPDATE database_connections SET policy_epoch = policy_epoch + 1 WHERE id = $1 RETURNING policy_epoch',
    [connectionId],
  )) as [{ policy_epoch: number }[]];
  const epoch = rows[0]?.policy_epoch;
  if (epoch === undefined) throw new AppError('resource.not_found', 'There is no such connection');
  return epoch;
}
