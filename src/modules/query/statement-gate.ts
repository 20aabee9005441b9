import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error';
import type { Principal } from '../../common/principal';
import { analyse } from '../../sql/analyse';
import type { StatementFacts } from '../../sql/facts';
import { refusalError } from '../../sql/refusal-error';
import type { AccessibleConnection } from '../connections/connection-access';
import { searchPathOf, type ConnectionRecord } from '../connections/connection-record';
import { decideStatement } from '../permissions/decide-statement';
import type { EffectivePolicies } from '../policies/effective-policies';
import type { Plan } from '../policies/plan';
import { PoliciesService } from '../policies/policies.service';
import { StatementPlanner } from '../policies/statement-planner';
import { explainStatement, inStatement, type ExplainedStatement } from './explain/explained-statement';
import type { CallWish, PermittedCall } from './procedures/call-wish';
import { ProcedureGate } from './procedures/procedure-gate';
import { readsCatalog, withCatalog } from '../policies/with-catalog';

/** What somebody wants to run. */
export interface Wish {
  readonly text: string;
  readonly params: readonly unknown[];
  /** Writing is refused whatever the permission says. */
  readonly onlyReads?: boolean;
  /** A procedure, instead of what `text` says. */
  readonly call?: CallWish;
  /** The plan of the statement is wanted: it is judged as for a run, and is not run. */
  readonly explained?: boolean;
}

/** A statement that may run, and as what. */
export interface Judgement {
  readonly facts: StatementFacts;
  readonly policies: EffectivePolicies;
  readonly plan: Plan;
  readonly call?: PermittedCall;
  /** Where the plan of the statement is wanted; `facts` and `plan` are those of the question for it. */
  readonly explained?: ExplainedStatement;
}

/** Analyse → decide → rewrite: whether a statement may run for somebody, and what is sent for them. Nothing is run. */
@Injectable()
export class StatementGate {
  constructor(
    private readonly policies: PoliciesService,
    private readonly planner: StatementPlanner,
    private readonly procedures: ProcedureGate,
  ) {}

  /** @throws AppError for whatever is refused */
  async judge(principal: Principal, accessible: AccessibleConnection, wish: Wish): Promise<Judgement> {
    if (wish.call) return this.procedures.judge(principal, accessible, wish.call, wish.onlyReads === true);
    const { connection } = accessible;
    const functions = await this.policies.functionsOf(connection);
    const asked = await permit(principal, accessible, wish, functions);
    const explained = wish.explained === true ? explainedBy(connection, wish.text, asked) : undefined;
    const text = explained?.text ?? wish.text;
    const facts = explained
      ? await factsOfQuestion(asked, explained, () =>
          permit(principal, accessible, { ...wish, text }, functions),
        )
      : asked;
    const policies = await this.policiesFor(principal, accessible, facts);
    if (facts.kind === 'ddl' && !policies.isEmpty)
      throw new AppError(
        'policy.unsupported',
        'Whoever is bound by policies of the connection defines nothing on it',
      );
    try {
      const plan = await this.planner.plan({ connection, policies, text, facts });
      return { facts, policies, plan, explained };
    } catch (error) {
      throw inStatement(explained, error);
    }
  }

  /** Administrators read catalogs as they are; everybody else sees in them what they may read. */
  async policiesFor(
    principal: Principal,
    { connection, permission }: AccessibleConnection,
    facts: Pick<StatementFacts, 'relations'>,
  ): Promise<EffectivePolicies> {
    const policies = await this.policies.effectiveFor(connection, principal, permission);
    const { dialect } = connection;
    if (principal.role === 'admin' || dialect === null || !readsCatalog(dialect, facts)) return policies;
    return withCatalog(policies, permission, dialect, policies.denied);
  }
}

function explainedBy({ dialect }: ConnectionRecord, text: string, facts: StatementFacts): ExplainedStatement {
  if (!dialect) throw new AppError('connection.unsupported_type');
  return explainStatement(dialect, text, facts);
}

/**
 * The question for a plan is judged again as what it is: nothing is sent for one that the analysis does not take for it. Where
 * the driver puts it around the operation, there is no other text than the one that was judged.
 */
async function factsOfQuestion(
  asked: StatementFacts,
  { shift }: ExplainedStatement,
  judge: () => Promise<StatementFacts>,
): Promise<StatementFacts> {
  if (shift === 0) return { ...asked, kind: 'explain' };
  const facts = await judge();
  if (facts.kind !== 'explain') throw new AppError('query.unsupported', 'The statement has no plan');
  return facts;
}

async function permit(
  { role }: Principal,
  { connection, permission }: AccessibleConnection,
  { text, params, onlyReads }: Wish,
  functions: ReadonlySet<string>,
): Promise<StatementFacts> {
  if (!connection.dialect) throw new AppError('connection.unsupported_type');
  const analysis = await analyse(connection.dialect, text);
  if (!analysis.ok) throw refusalError(analysis.refusal);
  const denial = decideStatement(analysis.facts, permission, {
    dialect: connection.dialect,
    readOnly: connection.readOnly || onlyReads === true,
    searchPath: searchPathOf(connection),
    isAdministrator: role === 'admin',
    functions,
  });
  if (denial) throw refusalError(denial);
  const { parameterCount } = analysis.facts;
  if (parameterCount !== params.length) {
    throw new AppError(
      'query.invalid_parameter',
      `The statement takes ${parameterCount} parameters, ${params.length} were sent`,
    );
  }
  return analysis.facts;
}
