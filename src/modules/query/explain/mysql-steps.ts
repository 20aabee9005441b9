import { textIn, type Answer } from './answer-members';
import type { PlanOperation, PlanStep } from './plan-node';

type Words = Pick<PlanStep, 'operation' | 'native'>;

/** Join types of the manual. */
const types: ReadonlyMap<string, PlanOperation> = new Map([
  ['system', 'key_lookup'],
  ['const', 'key_lookup'],
  ['eq_ref', 'key_lookup'],
  ['unique_subquery', 'key_lookup'],
  ['ref', 'index_scan'],
  ['ref_or_null', 'index_scan'],
  ['range', 'index_scan'],
  ['fulltext', 'index_scan'],
  ['index_subquery', 'index_scan'],
  ['index_merge', 'index_merge'],
  ['index', 'full_index_scan'],
  ['ALL', 'full_scan'],
  ['hash_ALL', 'full_scan'],
  ['hash_index', 'full_index_scan'],
  ['hash_range', 'index_scan'],
]);

/** Remarks of `Extra` that are told on, without what stands behind them; others may hold names. */
const remarks = new Set([
  'Using where',
  'Using index',
  'Using index condition',
  'Using index for group-by',
  'Using temporary',
  'Using filesort',
  'Using join buffer',
  'Using union',
  'Using sort_union',
  'Using intersect',
  'Using MRR',
  'Distinct',
  'Not exists',
  'FirstMatch',
  'LooseScan',
  'Start temporary',
  'End temporary',
  'Impossible WHERE',
  'Impossible HAVING',
  'No tables used',
  'Select tables optimized away',
]);

/** How the rows of a table are found. */
export function mysqlAccess(row: Answer): Words & Pick<PlanStep, 'conditional'> {
  const extra = remarksOf(row);
  const type = textIn(row, 'type');
  // `Impossible WHERE noticed after reading const tables` would tell more than that nothing is read
  if (textIn(row, 'table') === undefined) return { operation: 'values', native: extra[0] ?? 'no table' };
  const operation = (type !== undefined && types.get(type)) || 'other';
  const isCovered = operation === 'index_scan' && extra.includes('Using index');
  return {
    operation: isCovered ? 'index_only_scan' : operation,
    native: [/^\w{1,30}$/.exec(type ?? '')?.[0] ?? 'unknown', ...extra].join('; '),
    conditional: extra.includes('Using where'),
  };
}

/** How a table is joined to those before it. */
export function joinOf(row: Answer): Words {
  const [, buffer] = /Using join buffer \(([A-Za-z, ]{1,60})\)/.exec(textIn(row, 'Extra') ?? '') ?? [];
  const isHash = /hash|BNLH|BKAH/.test(buffer ?? '') || textIn(row, 'type')?.startsWith('hash_') === true;
  const native = buffer === undefined ? 'nested loop' : `join buffer (${buffer})`;
  return { operation: isHash ? 'hash_join' : 'nested_loop', native };
}

/** What is done with the rows of a query once they are read, the first first. Groups are made by one or the other. */
export function stepsAfter(rows: readonly Answer[]): readonly Words[] {
  const extra = new Set(rows.flatMap(remarksOf));
  return [
    ...(extra.has('Using temporary')
      ? [{ operation: 'materialize', native: 'Using temporary' } as const]
      : []),
    ...(extra.has('Using filesort') ? [{ operation: 'sort', native: 'Using filesort' } as const] : []),
  ];
}

function remarksOf(row: Answer): readonly string[] {
  const parts = (textIn(row, 'Extra') ?? '').split(/; ?/);
  return parts.flatMap((part) => {
    const [words = ''] = part.split(/ ?\(| noticed after/);
    return remarks.has(words) ? [words] : [];
  });
}
