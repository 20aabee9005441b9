import { quoteIdentifier, quoteRelation } from '../../common/quote/mysql';
import { fullName, type RelationDescription } from '../../common/relation-description';
import type { ColumnPolicy } from '../policy/relation-policy';
import { refuse } from '../refused';
import { foldName } from './fold-name';
import { maskExpression } from './mask-expression';
import type { BoundColumn } from './scope';

/** An administrator's expression, ready to stand between parentheses. */
export interface PolicyExpression {
  /** With the columns of the relation qualified by what is given. */
  readonly sql: (alias: string) => string;
  /** Columns of the relation it reads, folded. */
  readonly columns: ReadonlySet<string>;
  /** Where the expression says nothing but that columns have certain values: those, as they are written, by column. */
  readonly equalities: ReadonlyMap<string, string> | null;
}

/** A view's text as the viewer may read it. */
export interface InlinedView {
  readonly sql: (fence: boolean) => string;
  readonly masked: readonly boolean[];
  readonly filtered: boolean;
  readonly plain: boolean;
}

/** Everything that holds for one relation: its own policies and those that come through a view. */
export interface Protection {
  readonly relation: RelationDescription;
  readonly rowFilters: readonly PolicyExpression[];
  /** By the name the relation has for it. */
  readonly columns: ReadonlyMap<string, ColumnPolicy>;
  /** Expressions of the masks of kind `expression`, by column. */
  readonly expressions: ReadonlyMap<string, PolicyExpression>;
  /** What is read instead of the relation's name. */
  readonly inlined: InlinedView | null;
}

export interface ShownOptions {
  /** Inside a view a denied column is NULL: the view's other columns still work. */
  readonly inView: boolean;
  readonly hashKey: Buffer;
}

/** The most rows a LIMIT can name, as the manual says for "all" ("SELECT Statement"). */
const allRows = '18446744073709551615';

const isDenied = ({ columns }: Protection, name: string): boolean => columns.get(name)?.rule === 'deny';

export const isFiltered = ({ rowFilters, inlined }: Protection): boolean =>
  rowFilters.length > 0 || inlined?.filtered === true;

/** The columns of what stands for the relation, in order. */
export function shownColumns(protection: Protection, inView: boolean): BoundColumn[] {
  const { relation, columns, inlined } = protection;
  return relation.columns.flatMap(({ name, visible }, index) =>
    visible && (inView || !isDenied(protection, name))
      ? [{ name, masked: columns.has(name) || inlined?.masked[index] === true }]
      : [],
  );
}

export function deniedColumns(protection: Protection): Set<string> {
  return new Set([...protection.columns.keys()].filter((name) => isDenied(protection, name)).map(foldName));
}

/** The value of a column as the viewer may see it; `alias` is how the relation is called at that place. */
export function shownValue(protection: Protection, name: string, alias: string, hashKey: Buffer): string {
  const column = `${quoteIdentifier(alias)}.${quoteIdentifier(name)}`;
  const policy = protection.columns.get(name);
  const described = protection.relation.columns.find((one) => one.name === name);
  if (policy === undefined || described === undefined) return column;
  if (policy.rule === 'deny') return maskExpression('null', column, described, hashKey);
  if (policy.mask === 'expression') return `(${protection.expressions.get(name)?.sql(alias) ?? 'NULL'})`;
  return maskExpression(policy.mask, column, described, hashKey);
}

/**
 * `(SELECT …)`: what the viewer may see of the relation. A view's text stands in a WITH clause, which gives its columns
 * their names by position, as the view does. With a fence the conditions of the statement around it are not tried on
 * rows that the filter hides: neither server merges a derived table with LIMIT or pushes conditions into it (MySQL
 * manual, "Optimizing Derived Tables" and "Derived Condition Pushdown"; MariaDB "Derived Table Merge Optimization").
 */
export function derivedTable(
  protection: Protection,
  { inView, hashKey }: ShownOptions,
  partitions: readonly string[],
  fence: boolean,
): string {
  const { relation, rowFilters, inlined } = protection;
  const name = quoteIdentifier(relation.name);
  const all = relation.columns.filter(({ visible }) => visible);
  const columns = all
    .filter((column) => inView || !isDenied(protection, column.name))
    .map(({ name: column }) => {
      const value = shownValue(protection, column, relation.name, hashKey);
      return protection.columns.has(column) ? `${value} AS ${quoteIdentifier(column)}` : value;
    });
  const names = all.map((column) => quoteIdentifier(column.name)).join(', ');
  const opening = inlined === null ? '' : `WITH ${name} (${names}) AS (${inlined.sql(fence)}\n) `;
  const source = inlined === null ? quoteRelation(relation) : name;
  const partition =
    partitions.length === 0 ? '' : ` PARTITION (${partitions.map(quoteIdentifier).join(', ')})`;
  const where = rowFilters.length === 0 ? '' : ` WHERE ${conditionOf(rowFilters, relation.name)}`;
  const limit = fence && isFiltered(protection) ? ` LIMIT ${allRows}` : '';
  return `(${opening}SELECT ${columns.join(', ')} FROM ${source}${partition}${where}${limit})`;
}

export function conditionOf(rowFilters: readonly PolicyExpression[], alias: string): string {
  return rowFilters.map(({ sql }) => `(${sql(alias)})`).join(' AND ');
}

/**
 * Policies by the names that the relation has for its columns. A name it does not have shows nothing of it.
 *
 * @throws Refused `policy.broken`
 */
export function columnsOf(
  relation: RelationDescription,
  policies: ReadonlyMap<string, ColumnPolicy>,
): Map<string, ColumnPolicy> {
  return new Map(
    [...policies].map(([name, policy]) => {
      const column = relation.columns.find((one) => foldName(one.name) === foldName(name));
      if (column === undefined)
        return refuse(
          'policy.broken',
          `A policy on ${fullName(relation)} names the column ${name}, which is not there`,
        );
      return [column.name, policy];
    }),
  );
}
