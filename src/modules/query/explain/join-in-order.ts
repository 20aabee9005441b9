import type { PlanStep } from './plan-node';

/**
 * What an engine reads in one query, in its order, as joins: each row of what was read before is put together with those of
 * the next.
 * @param joinOf how a step is joined to those before it; a nested loop when not given
 */
export function inOrder(
  [first, ...others]: readonly PlanStep[],
  joinOf: (step: PlanStep) => Pick<PlanStep, 'operation' | 'native'> = () => nestedLoop,
): PlanStep {
  return others.reduce<PlanStep>((joined, step) => {
    const { join, ...read } = step;
    return { ...joinOf(step), ...(join !== undefined && { join }), children: [joined, read] };
  }, first!);
}

const nestedLoop = { operation: 'nested_loop', native: 'nested loop' } as const;
