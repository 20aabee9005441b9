import { isRecord } from '../query-request';
import { numberIn, textIn, type Answer } from './answer-members';
import type { PlanOperation, PlanStep } from './plan-node';

/** Node types of explain.c (`ExplainNode`). What is not among them, such as those of extensions, is `other`. */
const operations: ReadonlyMap<string, PlanOperation> = new Map([
  ['Seq Scan', 'full_scan'],
  ['Sample Scan', 'full_scan'],
  ['Index Scan', 'index_scan'],
  ['Index Only Scan', 'index_only_scan'],
  ['Bitmap Heap Scan', 'index_scan'],
  ['Bitmap Index Scan', 'index_scan'],
  ['BitmapAnd', 'index_merge'],
  ['BitmapOr', 'index_merge'],
  ['Tid Scan', 'key_lookup'],
  ['Nested Loop', 'nested_loop'],
  ['Hash Join', 'hash_join'],
  ['Merge Join', 'merge_join'],
  ['Sort', 'sort'],
  ['Incremental Sort', 'sort'],
  ['Aggregate', 'aggregate'],
  ['Group', 'aggregate'],
  ['Unique', 'distinct'],
  ['WindowAgg', 'window'],
  ['Limit', 'limit'],
  ['Append', 'union'],
  ['Merge Append', 'union'],
  ['Recursive Union', 'union'],
  ['SetOp', 'set_operation'],
  ['Hash', 'materialize'],
  ['Materialize', 'materialize'],
  ['Memoize', 'materialize'],
  ['Subquery Scan', 'subquery'],
  ['CTE Scan', 'subquery'],
  ['WorkTable Scan', 'subquery'],
  ['Gather', 'parallel'],
  ['Gather Merge', 'parallel'],
  ['Values Scan', 'values'],
  ['Result', 'values'],
  ['ModifyTable', 'write'],
]);

/** Members that say more of what a node does, and whose values are words of the server. */
const further = ['Strategy', 'Partial Mode', 'Operation', 'Command', 'Scan Direction'] as const;
/** What goes without saying. */
const plain = new Set(['Plain', 'Simple', 'Forward']);
const joins = new Set(['Inner', 'Left', 'Right', 'Full', 'Semi', 'Anti', 'Right Anti', 'Right Semi']);
const subplans = new Set<unknown>(['InitPlan', 'SubPlan']);
const words = /^[A-Za-z][A-Za-z ]{0,59}$/;

type Relation = NonNullable<PlanStep['relation']>;

/**
 * The answer of `EXPLAIN (FORMAT JSON)` as steps. Members are taken by list: `Filter`, `Index Cond`, `Output`, `Sort Key` and
 * all others that hold expressions are not read.
 * @returns `null` for an answer of another form
 */
export function readPostgresqlPlan(json: string): PlanStep | null {
  const answer: unknown = JSON.parse(json);
  const first: unknown = Array.isArray(answer) ? answer[0] : undefined;
  const plan = isRecord(first) ? first['Plan'] : undefined;
  return isRecord(plan) ? stepOf(plan, undefined) : null;
}

/** @param heap the table whose index a node below may read: that node names only the index */
function stepOf(node: Answer, heap: Relation | undefined): PlanStep {
  const type = word(node, 'Node Type') ?? 'unknown';
  const name = textIn(node, 'Relation Name');
  const relation = name === undefined ? undefined : { schema: textIn(node, 'Schema') ?? null, name };
  const join = word(node, 'Join Type');
  const children = Array.isArray(node['Plans']) ? node['Plans'].filter(isRecord) : [];
  const isIndex = type === 'Bitmap Index Scan';
  return {
    operation: operations.get(type) ?? 'other',
    native: [type, ...further.flatMap((member) => word(node, member) ?? [])]
      .filter((one) => !plain.has(one))
      .join(', '),
    relation: relation ?? (isIndex ? heap : undefined),
    alias: textIn(node, 'Alias'),
    index: textIn(node, 'Index Name'),
    join: join !== undefined && joins.has(join) ? join.toLowerCase() : undefined,
    rows: numberIn(node, 'Plan Rows'),
    cost: numberIn(node, 'Total Cost'),
    conditional: 'Filter' in node,
    children: [
      ...children.filter((child) => !isSubplan(child)).map((child) => stepOf(child, relation ?? heap)),
      ...children.filter(isSubplan).map(subplanOf),
    ],
  };
}

/** What is computed beside the rows: a join has two children, whatever its condition asks. */
function isSubplan(node: Answer): boolean {
  return subplans.has(node['Parent Relationship']);
}

function subplanOf(node: Answer): PlanStep {
  return {
    operation: 'subquery',
    native: word(node, 'Parent Relationship') ?? 'SubPlan',
    children: [stepOf(node, undefined)],
  };
}

function word(node: Answer, member: string): string | undefined {
  const text = textIn(node, member);
  return text !== undefined && words.test(text) ? text : undefined;
}
