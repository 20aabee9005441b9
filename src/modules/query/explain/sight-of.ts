import type { RelationName } from '../../../common/relation-description';
import { isReadable } from '../../permissions/decide-statement';
import type { Run } from '../run';
import type { PlanStep } from './plan-node';
import type { PlanSight } from './show-plan';

type Planned = Pick<Run, 'plan' | 'facts' | 'permission' | 'policies' | 'explained' | 'text'>;

/**
 * @param tableOf what a name of the engine's plan means to the caller
 * @param mayMistake a name may mean a table that the caller may not read
 */
export function sightOf(
  { plan, policies, explained, text }: Planned,
  tableOf: PlanSight['tableOf'],
  mayMistake: boolean,
): PlanSight {
  const written = text.slice(explained?.shift ?? 0).toLowerCase();
  return {
    unrestricted:
      !mayMistake &&
      plan.edits.length === 0 &&
      plan.relations.every(
        ({ filtered, masks, denied }) => !filtered && denied.length === 0 && Object.keys(masks).length === 0,
      ),
    tableOf,
    isProtected: (relation) => {
      const policy = policies.policyOf(relation);
      return policy !== null && (policy.rowFilters.length > 0 || policy.columns.size > 0);
    },
    wrote: (name) => written.includes(name.toLowerCase()),
  };
}

/** For engines whose plans have the tables by their own names. */
export function readableTable({ plan, facts, permission }: Planned): PlanSight['tableOf'] {
  return ({ schema, name }: NonNullable<PlanStep['relation']>): RelationName | null => {
    if (schema !== null) return isReadable(schema, name, permission) ? { schema, name } : null;
    // Without its schema, as under policies, it may be any that the statement reaches.
    const reached = plan.relations.filter((relation) => relation.name === name);
    if (!reached.every((relation) => isReadable(relation.schema, name, permission))) return null;
    const [found = facts.relations.find((relation) => relation.name === name)] = reached;
    return found ? { schema: reached.length > 1 ? null : found.schema, name } : null;
  };
}
