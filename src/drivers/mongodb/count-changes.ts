import type { Command, Limits } from './command';
import type { Operation } from './operation';

/**
 * The command that counts what an operation would change, up to one more than `most`; `null` for those that change one
 * document, and for those whose number stands in them.
 */
export function countChangesCommand(
  operation: Operation,
  most: number,
  { comment, maxTimeMS }: Pick<Limits, 'comment' | 'maxTimeMS'>,
): Command | null {
  const pipeline = changedBy(operation);
  if (pipeline === null) return null;
  const { collection, collation, hint } = operation;
  return {
    aggregate: collection,
    pipeline: [...pipeline, { $limit: most + 1 }, { $count: 'count' }],
    cursor: {},
    ...(collation !== undefined && { collation }),
    ...(hint !== undefined && { hint }),
    comment,
    maxTimeMS,
  };
}

function changedBy({ operation, filter, pipeline }: Operation): readonly unknown[] | null {
  if (operation === 'updateMany' || operation === 'deleteMany') return [{ $match: filter ?? {} }];
  return operation === 'aggregate' ? (pipeline as readonly unknown[]).slice(0, -1) : null;
}
