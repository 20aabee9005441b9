import type { ColumnPolicy, MaskKind } from './relation-policy';

/** What tells less comes first. */
const strictness: readonly MaskKind[] = [
  'null',
  'full',
  'hash',
  'name',
  'card_number',
  'phone',
  'email',
  'expression',
];
const rank = (policy: ColumnPolicy): number =>
  policy.rule === 'deny' ? -1 : strictness.indexOf(policy.mask);

/** Of two policies on one column the one that tells less. */
export function stricter(first: ColumnPolicy | undefined, second: ColumnPolicy): ColumnPolicy {
  return first !== undefined && rank(first) <= rank(second) ? first : second;
}
