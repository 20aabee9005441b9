import type { FindTable } from '../../../sql/written-tables';
import type { PlanOperation, PlanStep } from './plan-node';

/** `sqlite3WhereExplainOneScan` (wherecode.c). Names are not quoted there; what a search compares stands in parentheses. */
const scan =
  /^(SCAN|SEARCH) (.+?)(?: EXISTS)?(?: USING (?:((?:AUTOMATIC (?:PARTIAL )?)?(?:COVERING )?INDEX)(?: ([^\s(].*?))?|((?:INTEGER )?PRIMARY KEY)))?(?: \((.*)\))?( LEFT-JOIN)?$/s;
const virtualScan = /^(SCAN|SEARCH) (.+?) VIRTUAL TABLE INDEX /s;
const constantRows = /^SCAN (?:CONSTANT ROW|\d+ CONSTANT ROWS|\d+-ROW VALUES CLAUSE)$/;

/** @param subqueries names that are none of tables here */
export function sqliteScan(
  detail: string,
  subqueries: ReadonlySet<string>,
  find: FindTable,
): PlanStep | null {
  if (constantRows.test(detail)) return { operation: 'values', native: 'SCAN CONSTANT ROW', children: [] };
  const [, virtual, virtualName] = virtualScan.exec(detail) ?? [];
  if (virtual !== undefined && virtualName !== undefined)
    return {
      operation: 'other',
      native: `${virtual} VIRTUAL TABLE`,
      ...tableOf(virtualName, find),
      children: [],
    };
  const [, verb, name, index, indexName, key, compared, left] = scan.exec(detail) ?? [];
  if (verb === undefined || name === undefined) return null;
  const found = find(bare(name));
  const isSubquery = subqueries.has(name) || name.startsWith('(') || found?.relation === null;
  const using = index ?? key;
  return {
    operation: isSubquery ? 'subquery' : operationOf(verb, index, key, compared),
    native: using === undefined ? verb : `${verb} USING ${using}`,
    ...(isSubquery ? { alias: name } : tableOf(name, find)),
    ...(indexName !== undefined && { index: indexName }),
    ...(left !== undefined && { join: 'left' }),
    ...(index?.startsWith('AUTOMATIC') === true && { indexIsTemporary: true }),
    conditional: found?.conditional === true,
    children: [],
  };
}

function operationOf(
  verb: string,
  index: string | undefined,
  key: string | undefined,
  compared: string | undefined,
): PlanOperation {
  const isDirect = index === undefined && key === undefined;
  if (verb === 'SCAN') return isDirect ? 'full_scan' : 'full_index_scan';
  // min() and max() are a SEARCH, with an index or without
  if (isDirect) return 'other';
  if (key !== undefined) return compared === 'rowid=?' ? 'key_lookup' : 'index_scan';
  return index?.includes('COVERING') === true ? 'index_only_scan' : 'index_scan';
}

function tableOf(name: string, find: FindTable): Pick<PlanStep, 'relation' | 'alias'> {
  const own = bare(name);
  return { relation: find(own)?.relation ?? { schema: null, name: own }, alias: own };
}

/** A name that was written with its schema is shown so. */
function bare(name: string): string {
  return name.replace(/^main\./i, '');
}
