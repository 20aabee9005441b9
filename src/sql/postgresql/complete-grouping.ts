import { quoteIdentifier } from '../../common/quote/postgresql';
import { listOf, type Tree } from '../json-tree';
import type { PlannedEdit } from '../policy/planned-edits';
import type { RelationBinder } from './relation-binder';
import type { Scope } from './scope';
import type { TokenList } from './tokens';
import { locationOf, nameParts, unwrap } from './tree';

/** Types without an equality: nothing can be grouped by them. */
const ungroupable = /^(json|xml|point|box|path|polygon|line|circle|lseg)\b/;

/**
 * `GROUP BY` of a primary key lets the other columns of the table stand alone (manual 7.2.3); a derived table has no
 * key, so the columns that are used are grouped by too, which makes the same groups.
 */
export function completeGrouping(
  node: Tree,
  level: Scope,
  binder: RelationBinder,
  tokens: TokenList,
  toPosition: (offset: number) => number,
): PlannedEdit[] {
  const grouped = listOf(node.groupClause).flatMap((item) => {
    const found = unwrap(item);
    return found?.kind === 'ColumnRef' ? [nameParts(found.node.fields)] : [];
  });
  const first = unwrap(listOf(node.groupClause)[0]);
  if (grouped.length !== listOf(node.groupClause).length || first === null) return [];
  const extra = level.sources
    .filter(({ replaced, primaryKey }) => replaced && primaryKey.length > 0)
    .flatMap((source) => {
      const own = grouped
        .filter((parts) => parts.length === 1 || parts.at(-2) === source.alias)
        .map((parts) => parts.at(-1) ?? '');
      if (!source.primaryKey.every((column) => own.includes(column))) return [];
      const types = new Map(
        binder.find(source.relation!.schema, source.relation!.name)?.columns.map((c) => [c.name, c.type]),
      );
      return [...source.used]
        .filter((column) => !own.includes(column) && !ungroupable.test(types.get(column) ?? ''))
        .map((column) => (): string => `${quoteIdentifier(source.shown)}.${quoteIdentifier(column)}, `);
    });
  if (extra.length === 0) return [];
  let index = tokens.indexAt(toPosition(locationOf(first.node)));
  while (tokens.text(index - 1) === '(') index -= 1;
  const at = tokens.all[index]!;
  return [
    {
      start: at.start,
      end: at.start,
      text: () => extra.map((make) => make()).join(''),
      holds: false,
    },
  ];
}
