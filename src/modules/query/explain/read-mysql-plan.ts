import { addToGroup } from '../../../common/add-to-group';
import type { FindTable } from '../../../sql/written-tables';
import { numberIn, textIn, type Answer } from './answer-members';
import { inOrder } from './join-in-order';
import { joinOf, mysqlAccess, stepsAfter } from './mysql-steps';
import type { PlanStep } from './plan-node';

/** A row of the traditional form (manual, "EXPLAIN Output Format"), its members by their names. */
export type MysqlRow = Answer;

/** The result of a set operation over other queries, or rows that another one keeps. */
const combined = /^<(union|intersect|except|unit)(\d+(?:,\d+)*)(?:,?\.\.\.)?>$/;
const kept = /^<(?:derived|subquery)(\d+)>$/;

/** The answer of EXPLAIN as steps. `possible_keys`, `ref` and what stands in parentheses of `Extra` are not read. */
export function readMysqlPlan(rows: readonly MysqlRow[], find: FindTable): PlanStep {
  return new MysqlPlan(rows, find).root();
}

class MysqlPlan {
  /** Rows of each query, in the order in which it reads. */
  private readonly queries = new Map<number, MysqlRow[]>();
  /** Queries that are combined, by the first of them. */
  private readonly combinations = new Map<
    number,
    { readonly kind: string; readonly ids: readonly number[] }
  >();
  private readonly done = new Set<number>();

  constructor(
    rows: readonly MysqlRow[],
    private readonly find: FindTable,
  ) {
    for (const row of rows) {
      const id = numberIn(row, 'id');
      if (id === undefined) this.combine(row);
      else addToGroup(this.queries, id, row);
    }
    this.combineTheRest();
  }

  root(): PlanStep {
    const [first] = this.queries.keys();
    if (first === undefined) return { operation: 'values', native: 'no table', children: [] };
    const top = this.query(first);
    const beside: PlanStep[] = [];
    for (const id of this.queries.keys()) {
      if (this.done.has(id)) continue;
      const native = wordsIn(this.queries.get(id)?.[0]) ?? 'SUBQUERY';
      beside.push({ operation: 'subquery', native, children: [this.query(id)] });
    }
    return { ...top, children: [...top.children, ...beside] };
  }

  private combine(row: MysqlRow): void {
    const [, kind, list] = combined.exec(textIn(row, 'table') ?? '') ?? [];
    if (kind === undefined || list === undefined) return;
    const ids = list.split(',').map(Number);
    this.combinations.set(ids[0]!, { kind, ids });
  }

  /** UNION ALL has no row for its result: its queries follow the one they are added to. */
  private combineTheRest(): void {
    const known = new Set([...this.combinations.values()].flatMap(({ ids }) => ids));
    let head: number | undefined;
    for (const [id, [row]] of this.queries) {
      const isFurther = /UNION$/.test(wordsIn(row) ?? '');
      if (!isFurther) head = id;
      else if (head !== undefined && !known.has(id)) {
        const { ids, kind } = this.combinations.get(head) ?? { ids: [head], kind: 'union' };
        this.combinations.set(head, { kind, ids: [...ids, id] });
      }
    }
  }

  private query(id: number): PlanStep {
    const combination = this.combinations.get(id);
    if (combination === undefined) return this.single(id);
    const { kind, ids } = combination;
    const children = ids.map((one) => this.single(one));
    const isUnion = kind === 'union' || kind === 'unit';
    return { operation: isUnion ? 'union' : 'set_operation', native: kind.toUpperCase(), children };
  }

  private single(id: number): PlanStep {
    this.done.add(id);
    const rows = this.queries.get(id) ?? [];
    const steps = rows.map((row) => ({ row, step: this.step(row) }));
    if (steps.length === 0) return { operation: 'other', native: 'unknown', children: [] };
    const rowOf = new Map(steps.map(({ row, step }) => [step, row]));
    const joined = inOrder(
      steps.map(({ step }) => step),
      (step) => joinOf(rowOf.get(step) ?? {}),
    );
    return stepsAfter(rows).reduce<PlanStep>((below, step) => ({ ...step, children: [below] }), joined);
  }

  private step(row: MysqlRow): PlanStep {
    const name = textIn(row, 'table');
    const access = mysqlAccess(row);
    const rows = numberIn(row, 'rows');
    if (name === undefined) return { ...access, children: [] };
    const inner = kept.exec(name)?.[1];
    if (inner !== undefined) {
      const id = Number(inner);
      // what a recursive query reads of itself, or is read twice, is told once
      const children = this.done.has(id) ? [] : [this.query(id)];
      return { ...access, operation: 'subquery', rows, children };
    }
    if (name.startsWith('<')) return { ...access, operation: 'other', children: [] };
    const index = textIn(row, 'key');
    return {
      ...access,
      relation: this.find(name)?.relation ?? { schema: null, name },
      alias: name,
      ...(index !== undefined && !index.startsWith('#') && { index }),
      rows,
      children: [],
    };
  }
}

/** Words of the server: `SIMPLE`, `DEPENDENT SUBQUERY`, … */
function wordsIn(row: MysqlRow | undefined): string | undefined {
  const words = row && textIn(row, 'select_type');
  return words !== undefined && /^[A-Z][A-Z ]{1,40}$/.test(words) ? words : undefined;
}
