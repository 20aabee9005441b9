import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import { RawJson, type Cell } from '../../../drivers/cell';
import { writtenTablesMysql } from '../../../sql/mysql/written-tables';
import { writtenTablesSqlite } from '../../../sql/sqlite/written-tables';
import { findTable, type FindTable } from '../../../sql/written-tables';
import { searchPathOf } from '../../connections/connection-record';
import type { RowsOutcome } from '../collect-rows';
import type { Run } from '../run';
import { numberIn, textIn, type Answer } from './answer-members';
import type { PlanStep } from './plan-node';
import { readMongodbPlan } from './read-mongodb-plan';
import { readMysqlPlan } from './read-mysql-plan';
import { readPostgresqlPlan } from './read-postgresql-plan';
import { readSqlitePlan } from './read-sqlite-plan';
import type { PlanSight } from './show-plan';
import { readableTable } from './sight-of';

/** A plan as it was read, and what the names in it mean to the caller. */
export interface ReadPlan {
  readonly root: PlanStep;
  readonly tableOf: PlanSight['tableOf'];
}

type PlanReader = (answer: RowsOutcome, run: Run) => ReadPlan | Promise<ReadPlan>;

const readers: Readonly<Record<Dialect, PlanReader>> = {
  postgresql: ({ rows }, run) => {
    const root = readPostgresqlPlan(textOf(rows[0]?.[0] ?? null));
    return { root: root ?? unread(), tableOf: readableTable(run) };
  },
  mysql: async (answer, run) => {
    const rows = membersOf(answer, ['id', 'select_type', 'table', 'type', 'key', 'rows', 'Extra']);
    const written = await writtenTablesMysql(run.text);
    const find: FindTable = (name) => findTable(written, run.facts.relations, name);
    // the row of what is inserted reads nothing
    const reading = rows.filter((row) => !/^(?:INSERT|REPLACE)$/.test(textIn(row, 'select_type') ?? ''));
    return named(readMysqlPlan(reading, find), run, find);
  },
  sqlite: (answer, run) => {
    const rows = membersOf(answer, ['id', 'parent', 'detail']).map((row) => ({
      id: numberIn(row, 'id') ?? 0,
      parent: numberIn(row, 'parent') ?? 0,
      detail: textIn(row, 'detail') ?? '',
    }));
    const written = writtenTablesSqlite(run.text);
    const find: FindTable = (name) => findTable(written, run.facts.relations, name);
    return named(readSqlitePlan(rows, find), run, find);
  },
  mongodb: (answer, run) => {
    const [row] = membersOf(answer, ['plan']);
    const root = readMongodbPlan((row && textIn(row, 'plan')) ?? '{}');
    return { root: root ?? unread(), tableOf: readableTable(run) };
  },
};

/** @throws AppError `query.unsupported` for an answer in a form that is not known */
export async function readPlan(answer: RowsOutcome, run: Run): Promise<ReadPlan> {
  const { dialect } = run.connection;
  return dialect === null ? unread() : readers[dialect](answer, run);
}

const changes = new Set(['insert', 'replace', 'update', 'delete']);

/** Where a plan has tables by the names of the statement. What is written is no step of such a plan, and put on top. */
function named(root: PlanStep, { facts, explained, connection }: Run, find: FindTable): ReadPlan {
  const [schema = null] = searchPathOf(connection);
  const tableOf: PlanSight['tableOf'] = ({ name }) => {
    const relation = find(name)?.relation ?? facts.relations.find((one) => one.name === name);
    return relation ? { schema: relation.schema ?? schema, name: relation.name } : null;
  };
  const kind = explained?.kind ?? '';
  if (!changes.has(kind)) return { root, tableOf };
  const [relation] = facts.relations.filter(({ access }) => access === 'write');
  const native = kind.toUpperCase();
  return { root: { operation: 'write', native, ...(relation && { relation }), children: [root] }, tableOf };
}

/** Rows with their members by name. @throws AppError `query.unsupported` where one is missing */
function membersOf({ columns, rows }: RowsOutcome, names: readonly string[]): readonly Answer[] {
  const places = names.map((name) => columns.findIndex((column) => column.name === name));
  if (places.includes(-1)) unread();
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[places[index]!]])));
}

function textOf(cell: Cell): string {
  return cell instanceof RawJson ? cell.text : '[]';
}

function unread(): never {
  throw new AppError('query.unsupported', 'The server tells its plans in a form that is not known here');
}
