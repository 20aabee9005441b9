import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error';
import type { Dialect } from '../../common/dialect';
import { planMerge } from '../../sql/merge/plan-merge';
import type { MergePlan } from '../../sql/merge/merge-plan';
import type { MaskedColumns } from '../../sql/policy/rewriting';
import { refusalError } from '../../sql/refusal-error';
import { ConnectionDirectory } from '../connections/connection-directory';
import type { ConditionalCaller } from '../query/conditional-caller';
import type { QueryRequestBody } from '../query/query-request';
import { rowCountOf, type QueryOutcome, type ResultHead } from '../query/query-result';
import { QueryService, type QueryAnswer } from '../query/query.service';
import type { Shard } from '../shards/shard-map';
import { mergeOutcomes } from './merge-outcomes';

const MOST_AT_ONCE = 4;

export interface ShardAnswer {
  readonly head: ResultHead;
  readonly outcome: QueryOutcome;
}

/** One statement on every shard, each a run of its own, and one answer. */
@Injectable()
export class ScatterService {
  constructor(
    private readonly queries: QueryService,
    private readonly directory: ConnectionDirectory,
  ) {}

  /**
   * One shard that fails fails the whole answer.
   * @throws AppError `shard.not_mergeable` before anything is sent, as far as the statement tells
   */
  async run(
    caller: ConditionalCaller,
    query: QueryRequestBody,
    shards: readonly Shard[],
    client: AbortController,
  ): Promise<ShardAnswer> {
    const plan = await this.plan(query, shards);
    const answers = await inTurns(shards, ({ connectionId }) =>
      this.queries.run(caller, { ...query, connectionId, onlyReads: true }, client),
    );
    const maxRows = Math.min(...answers.map(({ run }) => run.limits.maxRows));
    const outcome = mergeOutcomes(
      plan,
      answers.map((answer) => answer.outcome),
      maxRows,
    );
    return { head: headOf(shards, answers), outcome };
  }

  private async plan({ text }: QueryRequestBody, shards: readonly Shard[]): Promise<MergePlan> {
    const dialects = new Set<Dialect | null>();
    for (const { connectionId } of shards) {
      dialects.add((await this.directory.find(connectionId))?.dialect ?? null);
    }
    const [dialect] = dialects;
    if (!dialect || dialects.size > 1) {
      throw new AppError('shard.not_mergeable', 'The shards are of different engines');
    }
    const analysis = await planMerge(dialect, text);
    if (!analysis.ok) throw refusalError(analysis.refusal);
    return analysis.plan;
  }
}

/** After a failure nothing more begins; what runs is waited for. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | null = null;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failure) {
      const index = next++;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, worker));
  const failed = failure as { readonly error: unknown } | null;
  if (failed) throw failed.error;
  return results;
}

function headOf(shards: readonly Shard[], answers: readonly QueryAnswer[]): ResultHead {
  const heads = answers.map(({ head }) => head);
  const [{ queryId, metadata }] = heads as [ResultHead];
  const { engine, statement } = metadata;
  return {
    queryId,
    executionTimeMs: Math.max(...heads.map(({ executionTimeMs }) => executionTimeMs)),
    cached: heads.every(({ cached }) => cached),
    maskedColumns: maskedAnywhere(heads.map(({ maskedColumns }) => maskedColumns)),
    metadata: {
      engine,
      statement,
      shards: answers.map(({ head, outcome }, index) => ({
        shardId: shards[index]!.id,
        queryId: head.queryId,
        rowCount: rowCountOf(outcome),
      })),
    },
  };
}

/** A column that is masked on one shard counts as masked. */
function maskedAnywhere(all: readonly MaskedColumns[]): MaskedColumns {
  const lists = all.filter((one) => one !== null).map((one) => ('members' in one ? [] : one));
  if (lists.length === 0) return null;
  const length = Math.min(...lists.map((list) => list.length));
  return Array.from({ length }, (_, index) => lists.some((list) => list[index]));
}
