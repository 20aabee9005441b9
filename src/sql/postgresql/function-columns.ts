import { listOf, type Tree } from '../json-tree';
import type { BoundColumn } from './scope';
import { aliasOf, nameParts, unwrap } from './tree';

/** Set-returning built-ins with columns of their own names. */
const known: ReadonlyMap<string, readonly string[]> = new Map([
  ['json_each', ['key', 'value']],
  ['json_each_text', ['key', 'value']],
  ['jsonb_each', ['key', 'value']],
  ['jsonb_each_text', ['key', 'value']],
  ['json_array_elements', ['value']],
  ['json_array_elements_text', ['value']],
  ['jsonb_array_elements', ['value']],
  ['jsonb_array_elements_text', ['value']],
]);
/** Those with one column, called after the alias or the function. */
const single = new Set([
  'generate_series',
  'generate_subscripts',
  'unnest',
  'regexp_split_to_table',
  'regexp_matches',
  'string_to_table',
  'json_object_keys',
  'jsonb_object_keys',
]);

/** Columns of a function in FROM; `null` where they are not known. */
export function functionColumns(kind: string, node: Tree, masked: boolean): readonly BoundColumn[] | null {
  const functions = listOf(node.functions);
  if (kind !== 'RangeFunction' || functions.length !== 1 || node.is_rowsfrom === true) return null;
  const call = unwrap(listOf(unwrap(functions[0])?.node.items)[0]);
  const defined = listOf(node.coldeflist).flatMap((one) => {
    const column = unwrap(one)?.node.colname;
    return typeof column === 'string' ? [column] : [];
  });
  const name = call?.kind === 'FuncCall' ? (nameParts(call.node.funcname).at(-1) ?? '') : '';
  const args = call?.kind === 'FuncCall' ? listOf(call.node.args).length : 0;
  const own =
    defined.length > 0
      ? defined
      : single.has(name) && !(name === 'unnest' && args > 1)
        ? [aliasOf(node).name ?? name]
        : known.get(name);
  const names = own && (node.ordinality === true ? [...own, 'ordinality'] : own);
  return names?.map((one) => ({ name: one, masked })) ?? null;
}
