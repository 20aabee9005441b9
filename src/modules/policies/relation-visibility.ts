import { Injectable } from '@nestjs/common';
import { isAppError } from '../../common/app-error';
import type { Principal } from '../../common/principal';
import type { RelationName } from '../../common/relation-description';
import { analyse } from '../../sql/analyse';
import { probeStatement } from '../../sql/policy/probe-statement';
import type { ConnectionRecord } from '../connections/connection-record';
import type { Permission } from '../permissions/permission';
import type { EffectivePolicies } from './effective-policies';
import { PoliciesService } from './policies.service';
import { RelationCatalog } from './relation-catalog';
import { StatementPlanner } from './statement-planner';

/** How the columns of a relation look to somebody. */
export interface ShownRelation {
  /** Some of its rows are not there for them. */
  readonly filtered: boolean;
  isDenied(column: string): boolean;
  isMasked(column: string): boolean;
}

const open: ShownRelation = { filtered: false, isDenied: () => false, isMasked: () => false };
/** Nothing can be read of it while its policies do not fit, or nobody can ask the database. */
const closed: ShownRelation = { filtered: true, isDenied: () => false, isMasked: () => true };

/** Tells which columns of relations are masked or not there, as a `SELECT *` of the viewer would find it. */
@Injectable()
export class RelationVisibility {
  constructor(
    private readonly policies: PoliciesService,
    private readonly planner: StatementPlanner,
    private readonly catalog: RelationCatalog,
  ) {}

  /** In the order asked. */
  async of(
    connection: ConnectionRecord,
    principal: Principal,
    permission: Permission,
    relations: readonly RelationName[],
  ): Promise<ShownRelation[]> {
    const policies = await this.policies.effectiveFor(connection, principal, permission);
    if (policies.isEmpty) return relations.map(() => open);
    await this.prime(connection, relations);
    const shown: ShownRelation[] = [];
    for (const relation of relations) shown.push(await this.one(connection, policies, relation));
    return shown;
  }

  /** One question to the database for all that it was not asked about yet. */
  private async prime(connection: ConnectionRecord, relations: readonly RelationName[]): Promise<void> {
    const unknown = relations.filter((relation) => this.catalog.find(connection, relation) === undefined);
    if (unknown.length === 0) return;
    try {
      await this.catalog.load(connection, unknown, AbortSignal.timeout(LOAD_TIMEOUT_MS));
    } catch (error) {
      // a database that is down still has its catalog shown, closed
      if (!isAppError(error)) throw error;
    }
  }

  private async one(
    connection: ConnectionRecord,
    policies: EffectivePolicies,
    relation: RelationName,
  ): Promise<ShownRelation> {
    const { dialect } = connection;
    if (dialect === null) return closed;
    const text = probeStatement(dialect, relation);
    const analysis = await analyse(dialect, text);
    if (!analysis.ok) return closed;
    try {
      const plan = await this.planner.plan({ connection, policies, text, facts: analysis.facts });
      const description = this.catalog.find(connection, relation);
      const own = plan.relations.find(
        ({ schema, name }) => schema === relation.schema && name === relation.name,
      );
      const denied = new Set(own?.denied);
      const columns = description?.columns.filter(({ name, visible }) => visible && !denied.has(name)) ?? [];
      const { maskedColumns } = plan;
      const masked = new Set(
        maskedColumns === null || 'members' in maskedColumns
          ? []
          : columns.flatMap(({ name }, index) => ((maskedColumns[index] ?? true) ? [name] : [])),
      );
      const members = maskedColumns !== null && 'members' in maskedColumns ? maskedColumns.members : [];
      return {
        filtered: plan.relations.some(({ filtered }) => filtered),
        isDenied: (column) => denied.has(column),
        isMasked: (column) =>
          masked.has(column) || members === null || members.includes(column.split('.')[0] ?? column),
      };
    } catch (error) {
      if (!isAppError(error)) throw error;
      return closed;
    }
  }
}

const LOAD_TIMEOUT_MS = 15_000;
