import { Injectable } from '@nestjs/common';
import { roundedMs } from '../../../common/rounded-ms';
import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import type { Caller } from '../../../common/principal';
import { searchPathOf } from '../../connections/connection-record';
import { RelationCatalog } from '../../policies/relation-catalog';
import { Admission } from '../admission';
import { collectRows, type RowsOutcome } from '../collect-rows';
import type { QueryRequestBody } from '../query-request';
import type { Run } from '../run';
import { StatementRunner } from '../statement-runner';
import { readPlan } from './plan-readers';
import { showPlan, type ShownPlan } from './show-plan';
import { sightOf } from './sight-of';

/** The answer of `POST /api/database/query/explain`. */
export interface ExplainAnswer extends ShownPlan {
  readonly queryId: string;
  readonly success: true;
  /** What the statement is that the plan is of: `select`, `update`, … */
  readonly statement: string;
  readonly executionTimeMs: number;
  readonly metadata: { readonly connectionId: string; readonly engine: string };
}

const byAlias: ReadonlySet<Dialect | null> = new Set<Dialect | null>(['mysql', 'sqlite']);

/** Asks databases how they would run a statement, by the way that every statement goes; the statement is not run. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly admission: Admission,
    private readonly runner: StatementRunner,
    private readonly catalog: RelationCatalog,
  ) {}

  /**
   * @param client aborts by itself when nobody waits for the answer any more
   * @throws AppError with `queryId` for everything that is not a bug
   */
  async explain(caller: Caller, request: QueryRequestBody, client: AbortController): Promise<ExplainAnswer> {
    const run = await this.admission.admit(caller, { ...request, explained: true, cache: 'bypass' });
    const { explained } = run;
    if (explained === undefined) throw new Error('a plan was asked for, and a statement admitted');
    const { end, outcome } = await this.runner.carryOut(run, client, async (signal) => {
      const answer = await this.ask(run, signal);
      const { root, tableOf } = await readPlan(answer, run);
      const shown = showPlan(root, sightOf(run, tableOf, await this.mayMistake(run, signal)));
      const bytes = Buffer.byteLength(JSON.stringify(shown));
      return { shown, rowCount: answer.rows.length, bytes, truncated: false, cached: false };
    });
    return {
      queryId: run.id,
      success: true,
      statement: explained.kind,
      ...end.shown,
      executionTimeMs: roundedMs(outcome.executionTimeMs),
      metadata: { connectionId: run.connection.id, engine: run.connection.type },
    };
  }

  /** A plan is never cut: without some of its steps it would say something else. */
  private async ask(run: Run, signal: AbortSignal): Promise<RowsOutcome> {
    const answer = await this.runner.withCursor(run, signal, (cursor) =>
      collectRows(cursor, run.limits.maxRows, run.facts.access),
    );
    if (answer.truncated) throw new AppError('query.result_too_large', 'The plan has too many steps');
    return answer;
  }

  /**
   * Where plans have tables by the names of the statement, one below a view may have the name that the statement gives to
   * another. It is nothing to whoever may read all tables.
   */
  private async mayMistake({ connection, permission, facts }: Run, signal: AbortSignal): Promise<boolean> {
    if (!byAlias.has(connection.dialect)) return false;
    if (permission.allowedTables === null && permission.allowedSchemas === null) return false;
    const [own = null] = searchPathOf(connection);
    const relations = facts.relations.map(({ schema, name }) => ({ schema: schema ?? own, name }));
    if (relations.length === 0) return false;
    await this.catalog.load(connection, relations, signal);
    return relations.some((relation) => this.catalog.find(connection, relation)?.kind !== 'table');
  }
}
