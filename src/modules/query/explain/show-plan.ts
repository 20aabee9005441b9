import type { RelationName } from '../../../common/relation-description';
import type { PlanNode, PlanStep } from './plan-node';

/** What of a plan its reader may see. */
export interface PlanSight {
  /** No policy holds for what the statement reads, and every name means what it says. Estimates count hidden rows, and an index may be named after what is hidden. */
  readonly unrestricted: boolean;
  /** The table as it may be named; `null` for one that the reader may not read, as below a view. */
  tableOf(relation: NonNullable<PlanStep['relation']>): RelationName | null;
  /** Whether a policy of the reader holds for the table, by whatever way the plan came to it. */
  isProtected(relation: RelationName): boolean;
  /** Whether the reader wrote the name: those that views and policies give to what they read are not shown. */
  wrote(name: string): boolean;
}

export type WarningCode = 'full_scan' | 'temporary_index';

export interface PlanWarning {
  readonly code: WarningCode;
  readonly message: string;
  readonly schema?: string;
  readonly table?: string;
  readonly estimatedRows?: number;
}

export interface ShownPlan {
  readonly plan: PlanNode;
  readonly warnings: readonly PlanWarning[];
}

const messages: Readonly<Record<WarningCode, (table: string) => string>> = {
  full_scan: (table) => `${table} is read whole, although a condition takes only some of its rows`,
  temporary_index: (table) => `An index over ${table} is built for this statement alone`,
};

function warningOf({ operation, conditional, indexIsTemporary }: PlanStep): WarningCode | null {
  if (indexIsTemporary === true) return 'temporary_index';
  return operation === 'full_scan' && conditional === true ? 'full_scan' : null;
}

/** The plan with the names and estimates that its reader may see, and what is worth a look in it. */
export function showPlan(root: PlanStep, sight: PlanSight): ShownPlan {
  const tables = tablesIn(root, sight);
  const isOpen = sight.unrestricted && !tables.some((table) => table !== null && sight.isProtected(table));
  // what is reckoned for one step goes into all above it
  const withEstimates = isOpen && !tables.includes(null);
  const warnings: PlanWarning[] = [];
  const show = (step: PlanStep): PlanNode => {
    const found = step.relation && sight.tableOf(step.relation);
    const { operation, native, join, alias, index, rows, cost } = step;
    const table = found && { ...(found.schema !== null && { schema: found.schema }), table: found.name };
    const node = {
      operation,
      native,
      ...table,
      ...(alias !== undefined && alias !== found?.name && sight.wrote(alias) && { alias }),
      ...(index !== undefined && found && isOpen && { index }),
      ...(join !== undefined && { join }),
      ...(withEstimates && rows !== undefined && { estimatedRows: rows }),
      ...(withEstimates && cost !== undefined && { estimatedCost: cost }),
    };
    const code = table && warningOf(step);
    if (table && code) {
      const estimate = withEstimates && rows !== undefined && { estimatedRows: rows };
      warnings.push({ code, message: messages[code](table.table), ...table, ...estimate });
    }
    return { ...node, children: step.children.map(show) };
  };
  return { plan: show(root), warnings };
}

/** `null` for those that the reader may not read, as below a view. */
function tablesIn({ relation, children }: PlanStep, sight: PlanSight): (RelationName | null)[] {
  const below = children.flatMap((child) => tablesIn(child, sight));
  return relation ? [sight.tableOf(relation), ...below] : below;
}
