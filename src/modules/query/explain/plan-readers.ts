import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import { RawJson, type Cell } from '../../../drivers/cell';
import type { RowsOutcome } from '../collect-rows';
import type { Run } from '../run';
import type { PlanStep } from './plan-node';
import { readPostgresqlPlan } from './read-postgresql-plan';
import type { PlanSight } from './show-plan';
import { readableTable } from './sight-of';

/** A plan as it was read, and what the names in it mean to the caller. */
export interface ReadPlan {
  readonly root: PlanStep;
  readonly tableOf: PlanSight['tableOf'];
}

type PlanReader = (answer: RowsOutcome, run: Run) => ReadPlan | Promise<ReadPlan>;

const readers: Readonly<Partial<Record<Dialect, PlanReader>>> = {
  postgresql: ({ rows }, run) => {
    const root = readPostgresqlPlan(textOf(rows[0]?.[0] ?? null));
    return { root: root ?? unread(), tableOf: readableTable(run) };
  },
};

/** @throws AppError `query.unsupported` for an answer in a form that is not known */
export async function readPlan(answer: RowsOutcome, run: Run): Promise<ReadPlan> {
  const reader = run.connection.dialect === null ? undefined : readers[run.connection.dialect];
  return reader ? reader(answer, run) : unread();
}

function textOf(cell: Cell): string {
  return cell instanceof RawJson ? cell.text : '[]';
}

function unread(): never {
  throw new AppError('query.unsupported', 'The server tells its plans in a form that is not known here');
}
