import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '../../common/app-error';
import { keyedHashFunction } from '../../common/keyed-hash-function';
import { relationKey, type RelationName } from '../../common/relation-description';
import type { Dialect } from '../../common/dialect';
import type { StatementFacts } from '../../sql/facts';
import { isStateless } from '../../sql/is-stateless';
import { rewrite } from '../../sql/policy/rewrite';
import type { RewriteRequest, Rewriting, RewrittenStatement } from '../../sql/policy/rewriting';
import { isSystemRelation } from '../../sql/system-relations';
import { refusalError } from '../../sql/refusal-error';
import type { ConnectionRecord } from '../connections/connection-record';
import { searchPathOf } from '../connections/connection-record';
import type { EffectivePolicies } from './effective-policies';
import type { Plan } from './plan';
import { PoliciesService } from './policies.service';
import { RelationCatalog } from './relation-catalog';

const MAX_PLAN_BYTES = 32 * 1024 * 1024;
const ENTRY_BYTES = 1_000;
/** Rounds of looking up what the round before has found; views in views take one each. */
const MAX_ROUNDS = 50;
const LOAD_TIMEOUT_MS = 15_000;

/** A statement that was analysed, and whose it is. */
export interface PlanRequest {
  readonly connection: ConnectionRecord;
  readonly policies: EffectivePolicies;
  readonly text: string;
  readonly facts: StatementFacts;
}

/** Makes of statements what their viewers may ask; the same statement under the same policies is planned once. */
@Injectable()
export class StatementPlanner {
  private readonly plans = new LRUCache<string, Plan>({
    maxSize: MAX_PLAN_BYTES,
    maxEntrySize: MAX_PLAN_BYTES / 32,
    sizeCalculation: ({ text }, key) => ENTRY_BYTES + 2 * (text.length + key.length),
  });

  constructor(
    private readonly catalog: RelationCatalog,
    private readonly policies: PoliciesService,
  ) {}

  /** @throws AppError for what the policies refuse, and of the driver when the catalog cannot be read */
  async plan(request: PlanRequest): Promise<Plan> {
    const { connection, policies, text, facts } = request;
    if (policies.isEmpty || connection.dialect === null || facts.relations.length === 0)
      return unchanged(text, facts);
    const key = keyOf(request);
    const known = this.plans.get(key);
    if (known) return known;
    const statement = await this.rewrite(request, connection.dialect);
    requireProtected(request, connection.dialect, statement);
    const plan: Plan = {
      text: statement.text,
      edits: statement.edits,
      relations: statement.relations,
      maskedColumns: statement.maskedColumns,
      expects: statement.restsOn.map(({ schema, name }) => ({
        schema,
        name,
        version: this.catalog.find(connection, { schema, name })?.version ?? null,
      })),
      ...(statement.reads && { reads: statement.reads }),
      ...(statement.text.includes(keyedHashFunction) && {
        hashKey: await this.policies.hashKeyOf(connection),
      }),
      stateless: isStateless(facts) && !policies.callsFunctions,
    };
    this.plans.set(key, plan);
    return plan;
  }

  /** What the plan rested on has changed: the catalog is read again. */
  forget(request: PlanRequest, { expects }: Plan): void {
    this.plans.delete(keyOf(request));
    this.catalog.forget(request.connection, expects);
  }

  /** A refusal may rest on a catalog of before, too: it is given only on what holds now. */
  private async rewrite(request: PlanRequest, dialect: Dialect): Promise<RewrittenStatement> {
    const asked = new Map<string, RelationName>();
    const loaded = new Set<string>();
    const first = await this.rewriteOnCatalog(request, dialect, asked, loaded);
    if (first.ok) return first.statement;
    const stale = [...asked].flatMap(([name, relation]) => (loaded.has(name) ? [] : [relation]));
    if (stale.length === 0) throw refusalError(first.refusal);
    this.catalog.forget(request.connection, stale);
    const second = await this.rewriteOnCatalog(request, dialect, asked, loaded);
    if (!second.ok) throw refusalError(second.refusal);
    return second.statement;
  }

  /**
   * @param asked gets the relations that were asked about
   * @param loaded gets those that had to be looked up for it
   */
  private async rewriteOnCatalog(
    { connection, policies, text }: PlanRequest,
    dialect: Dialect,
    asked: Map<string, RelationName>,
    loaded: Set<string>,
  ): Promise<Exclude<Rewriting, { missing: unknown }>> {
    const hashKey = await this.policies.hashKeyOf(connection);
    const signal = AbortSignal.timeout(LOAD_TIMEOUT_MS);
    const request: RewriteRequest = {
      text,
      searchPath: searchPathOf(connection),
      describe: (relation) => {
        asked.set(relationKey(relation), relation);
        return this.catalog.find(connection, relation);
      },
      policyOf: (relation) => policies.policyOf(relation),
      variables: policies.variables,
      hashKey,
    };
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const rewriting = await rewrite(dialect, request);
      if (!('missing' in rewriting)) return rewriting;
      await this.catalog.load(connection, rewriting.missing, signal);
      for (const relation of rewriting.missing) loaded.add(relationKey(relation));
    }
    throw new AppError('query.too_complex', 'The statement reads views that nest too deeply');
  }
}

/**
 * A catalog is open to everybody because its policies hold, so they must have been compiled in: a second look, in case an
 * engine does not describe one of its own relations.
 */
function requireProtected(
  { policies, facts }: PlanRequest,
  dialect: Dialect,
  { relations }: RewrittenStatement,
): void {
  for (const { schema, name } of facts.relations) {
    if (!isSystemRelation(dialect, schema, name)) continue;
    const written = schema ?? (dialect === 'postgresql' ? 'pg_catalog' : null);
    const policy = policies.policyOf({ schema: written, name });
    if (policy === null || (policy.rowFilters.length === 0 && policy.columns.size === 0)) continue;
    const same = (one: string | null, other: string | null): boolean =>
      one === other || (dialect !== 'postgresql' && one?.toLowerCase() === other?.toLowerCase());
    const found = relations.find((relation) => same(relation.name, name));
    if (found && found.filtered === policy.rowFilters.length > 0) continue;
    throw new AppError('permission.table_denied', `${name} cannot be shown in part here`);
  }
}

function unchanged(text: string, facts: StatementFacts): Plan {
  return { text, edits: [], expects: [], relations: [], maskedColumns: null, stateless: isStateless(facts) };
}

function keyOf({ connection, policies, text }: PlanRequest): string {
  return `${connection.id}:${connection.revision}:${connection.policyEpoch}:${policies.key}:${text}`;
}
