import { groupBy } from '../../../common/group-by';
import type { FindTable } from '../../../sql/written-tables';
import { inOrder } from './join-in-order';
import type { PlanStep } from './plan-node';
import { sqliteScan } from './sqlite-scan';
import { afterwardsOf, asideOf, compoundOf, isPart } from './sqlite-steps';

/** A row of `EXPLAIN QUERY PLAN`. */
export interface SqliteRow {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

type Names = ReadonlySet<string>;

/** The answer of `EXPLAIN QUERY PLAN` as steps. */
export function readSqlitePlan(rows: readonly SqliteRow[], find: FindTable): PlanStep {
  const [root, ...others] = new SqlitePlan(rows, find).query(0, new Set());
  if (root !== undefined && others.length === 0) return root;
  return { operation: 'values', native: 'no table', children: root ? [root, ...others] : [] };
}

class SqlitePlan {
  private readonly below: ReadonlyMap<number, readonly SqliteRow[]>;

  constructor(
    rows: readonly SqliteRow[],
    private readonly find: FindTable,
  ) {
    this.below = groupBy(rows, ({ parent }) => parent);
  }

  /**
   * The rows of one query: what it reads, as joins; what is done with that; then what is computed beside.
   * @param known names of subqueries around it
   */
  query(id: number, known: Names): readonly PlanStep[] {
    const rows = this.under(id);
    const subqueries = new Set([...known, ...rows.flatMap(({ detail }) => keptName(detail) ?? [])]);
    const sources: PlanStep[] = [];
    const asides: PlanStep[] = [];
    const afterwards: Pick<PlanStep, 'operation' | 'native'>[] = [];
    for (const row of rows) {
      const done = afterwardsOf(row.detail);
      const source = this.compound(row, subqueries) ?? sqliteScan(row.detail, subqueries, this.find);
      if (done) afterwards.push(done);
      else if (source) sources.push(source);
      else asides.push(this.aside(row, subqueries));
    }
    if (sources.length === 0) return asides;
    const top = afterwards.reduce<PlanStep>(
      (below, step) => ({ ...step, children: [below] }),
      inOrder(sources),
    );
    return [{ ...top, children: [...top.children, ...asides] }];
  }

  private compound({ id, detail }: SqliteRow, known: Names): PlanStep | null {
    const words = compoundOf(detail);
    if (words === null) return null;
    const parts = this.under(id);
    const isSet = parts.some((part) => /^(?:INTERSECT|EXCEPT) /.test(part.detail));
    const children = parts.flatMap((part) =>
      isPart(part.detail) ? this.query(part.id, known) : [this.aside(part, known)],
    );
    return { ...words, ...(isSet && { operation: 'set_operation' }), children };
  }

  private aside({ id, detail }: SqliteRow, known: Names): PlanStep {
    // What a subquery reads may have the name that the subquery has around it, unless it reads itself.
    const name = this.under(id).some((row) => row.detail === 'RECURSIVE STEP') ? null : keptName(detail);
    const inside = new Set([...known].filter((one) => one !== name));
    return { ...asideOf(detail), children: this.query(id, inside) };
  }

  private under(id: number): readonly SqliteRow[] {
    return this.below.get(id) ?? [];
  }
}

/** The name under which the rows of a subquery are kept. */
function keptName(detail: string): string | null {
  return /^(?:MATERIALIZE|CO-ROUTINE) (.+)$/s.exec(detail)?.[1] ?? null;
}
