import { Injectable } from '@nestjs/common';
import { AppError } from '../../../common/app-error';
import type { Principal } from '../../../common/principal';
import { relationKey, type RelationName, type RelationVersion } from '../../../common/relation-description';
import { driverFor } from '../../../drivers';
import { analyse } from '../../../sql/analyse';
import type { StatementFacts } from '../../../sql/facts';
import { probeStatement } from '../../../sql/policy/probe-statement';
import { refusalError } from '../../../sql/refusal-error';
import { isSystemRelation } from '../../../sql/system-relations';
import type { AccessibleConnection } from '../../connections/connection-access';
import { searchPathOf, type ConnectionRecord } from '../../connections/connection-record';
import { decideStatement } from '../../permissions/decide-statement';
import type { EffectivePolicies } from '../../policies/effective-policies';
import type { Plan } from '../../policies/plan';
import { PoliciesService } from '../../policies/policies.service';
import { StatementPlanner, type PlanRequest } from '../../policies/statement-planner';
import { textOfCall, type CallWish, type PermittedCall } from './call-wish';
import { factsOfCall, findListed } from './decide-call';

/** A call that may run, and as what. */
export interface CallJudgement {
  readonly facts: StatementFacts;
  readonly policies: EffectivePolicies;
  readonly plan: Plan;
  readonly call: PermittedCall;
}

type Planned = Pick<CallJudgement, 'facts' | 'policies'> & { readonly connection: ConnectionRecord };

/**
 * Whether a procedure may be called for somebody. What it does inside is not seen by any rewriting: it meets tables as the
 * account of the connection does. So nobody calls one that touches a table on which a policy binds them.
 */
@Injectable()
export class ProcedureGate {
  constructor(
    private readonly policies: PoliciesService,
    private readonly planner: StatementPlanner,
  ) {}

  /** @throws AppError for whatever is refused */
  async judge(
    principal: Principal,
    { connection, permission }: AccessibleConnection,
    wish: CallWish,
    onlyReads: boolean,
  ): Promise<CallJudgement> {
    const { dialect, readOnly } = connection;
    const { description } = await driverFor(connection.type);
    if (dialect === null || !description.capabilities.procedures)
      throw new AppError('query.unsupported', `${description.label} has no stored procedures`);
    const reading = readOnly || onlyReads;
    const { procedure, declared } = findListed(
      wish.procedure,
      permission.procedures,
      searchPathOf(connection),
    );
    const facts = factsOfCall(declared, !reading);
    const denial = decideStatement(facts, permission, {
      dialect,
      readOnly: reading,
      searchPath: searchPathOf(connection),
      isAdministrator: principal.role === 'admin',
    });
    if (denial) throw refusalError(denial);
    const policies = await this.policies.effectiveFor(connection, principal, permission);
    if (declared === null && !policies.isEmpty) throw bound('What the procedure reads is not declared');
    requireNoCatalog(principal, facts, connection);
    const expects = await this.unbound({ connection, policies, facts });
    return { facts, policies, plan: planOf(wish, expects), call: { wish, procedure, declared } };
  }

  /**
   * The plan on the catalog of now, when it was found to be one of before.
   * @throws AppError `policy.unsupported`
   */
  async replan(planned: Planned, { wish }: PermittedCall): Promise<Plan> {
    for (const relation of planned.facts.relations) {
      const request = await readOf(planned, relation);
      this.planner.forget(request, await this.planner.plan(request));
    }
    return planOf(wish, await this.unbound(planned));
  }

  /**
   * Refuses a call that touches what a policy holds for, through views, partitions and parents too.
   * @returns the versions of the relations on which that rests
   */
  private async unbound(planned: Planned): Promise<RelationVersion[]> {
    if (planned.policies.isEmpty) return [];
    const expects = new Map<string, RelationVersion>();
    for (const relation of planned.facts.relations) {
      const plan = await this.planner.plan(await readOf(planned, relation));
      const protectedOnes = plan.relations.filter(
        ({ filtered, masks, denied }) => filtered || denied.length > 0 || Object.keys(masks).length > 0,
      );
      if (protectedOnes.length > 0)
        throw bound(`The procedure touches ${relation.schema}.${relation.name}, for which policies hold`);
      for (const one of plan.expects) expects.set(relationKey(one), one);
    }
    return [...expects.values()];
  }
}

/** A statement that reads all of a relation: what binds its reader binds who calls something that touches it. */
async function readOf({ connection, policies }: Planned, relation: RelationName): Promise<PlanRequest> {
  const text = probeStatement(connection.dialect!, relation);
  const analysis = await analyse(connection.dialect!, text);
  if (!analysis.ok) throw refusalError(analysis.refusal);
  return { connection, policies, text, facts: analysis.facts };
}

/** A catalog shows everybody what they may see by being rewritten, which inside of a procedure it is not. */
function requireNoCatalog(
  { role }: Principal,
  { relations }: StatementFacts,
  { dialect }: ConnectionRecord,
): void {
  const catalog = relations.find(({ schema, name }) => isSystemRelation(dialect!, schema, name));
  if (catalog && role !== 'admin')
    throw new AppError('permission.table_denied', `${catalog.schema}.${catalog.name} is not permitted`);
}

function planOf(wish: CallWish, expects: readonly RelationVersion[]): Plan {
  return { text: textOfCall(wish), edits: [], expects, relations: [], maskedColumns: null, stateless: false };
}

function bound(detail: string): AppError {
  return new AppError('policy.unsupported', `${detail}, and a procedure reads around them`);
}
