import { quoteIdentifier, quoteRelation } from '../../common/quote/postgresql';
import { fullName, type RelationDescription } from '../../common/relation-description';
import type { ColumnPolicy } from '../policy/relation-policy';
import { refuse } from '../refused';
import { maskExpression } from './mask-expression';
import type { PolicyExpression } from './policy-expression';
import type { BoundColumn } from './scope';

/** Everything that holds for one relation: its own policies and those that come with its partitions and views. */
export interface Protection {
  readonly relation: RelationDescription;
  readonly rowFilters: readonly PolicyExpression[];
  readonly columns: ReadonlyMap<string, ColumnPolicy>;
  /** Expressions of the masks of kind `expression`, by column. */
  readonly expressions: ReadonlyMap<string, PolicyExpression>;
  /** What is read instead of the relation's name: the text of a view, itself rewritten. */
  readonly inlined: string | null;
  /** Columns of `inlined` that carry masked values. */
  readonly maskedInside: readonly boolean[];
  /** A row filter holds for it, or for something it reads. */
  readonly filtered: boolean;
}

export interface DerivedOptions {
  readonly only: boolean;
  /** A fence: conditions of the statement around it are not tried before those of the filter (manual, "SELECT", OFFSET). */
  readonly fence: boolean;
  /** Inside a view a denied column is NULL: the view's other columns still work. */
  readonly inView: boolean;
  /** The plan is shown: masks are told neither by key nor by kind. */
  readonly explained: boolean;
  readonly hashKey: Buffer;
}

const isDenied = ({ columns }: Protection, name: string): boolean => columns.get(name)?.rule === 'deny';

/** The columns of what stands for the relation, in order. */
export function shownColumns(protection: Protection, inView: boolean): BoundColumn[] {
  const { relation, columns, maskedInside } = protection;
  return relation.columns.flatMap(({ name, visible }, index) =>
    visible && (inView || !isDenied(protection, name))
      ? [{ name, masked: columns.has(name) || maskedInside[index] === true }]
      : [],
  );
}

export function deniedColumns(protection: Protection): Set<string> {
  return new Set([...protection.columns.keys()].filter((name) => isDenied(protection, name)));
}

/** The value of a column as the viewer may see it. `column` is how it is written at that place. */
export function shownValue(
  { relation, columns, expressions }: Protection,
  name: string,
  column: string,
  { explained, hashKey }: Pick<DerivedOptions, 'explained' | 'hashKey'>,
): string {
  const policy = columns.get(name);
  const described = relation.columns.find((one) => one.name === name);
  if (policy === undefined || described === undefined) return column;
  if (policy.rule === 'deny') return `NULL::${described.type}`;
  if (policy.mask === 'expression') return `(${expressions.get(name)?.sql ?? 'NULL'})`;
  // a plan prints expressions, and the key of a hash with them
  if (explained && policy.mask !== 'null' && (policy.mask !== 'full' || described.textual))
    return `pg_catalog.left((${column})::text, 0)`;
  return maskExpression(policy.mask, column, described, hashKey);
}

/** `(SELECT …)`: what the viewer may see of the relation. */
export function derivedTable(protection: Protection, options: DerivedOptions): string {
  const { relation, rowFilters, inlined } = protection;
  const name = quoteIdentifier(relation.name);
  const source =
    inlined === null ? `${options.only ? 'ONLY ' : ''}${quoteRelation(relation)}` : `(${inlined}) AS ${name}`;
  const columns = relation.columns
    .filter(({ name: column, visible }) => visible && (options.inView || !isDenied(protection, column)))
    .map(({ name: column }) => {
      const plain = `${name}.${quoteIdentifier(column)}`;
      return protection.columns.has(column)
        ? `${shownValue(protection, column, plain, options)} AS ${quoteIdentifier(column)}`
        : plain;
    });
  const where = rowFilters.length === 0 ? '' : ` WHERE ${conditionOf(rowFilters)}`;
  const fenced = options.fence || rowFilters.some(({ hasSubquery }) => hasSubquery);
  const fence = fenced && (rowFilters.length > 0 || inlined !== null) ? ' OFFSET 0' : '';
  return `(SELECT ${columns.join(', ')} FROM ${source}${where}${fence})`;
}

export function conditionOf(rowFilters: readonly PolicyExpression[]): string {
  return rowFilters.map(({ sql }) => `(${sql})`).join(' AND ');
}

/** Holds for the rows of a change's target that the filter shows; `alias` is how the target is called there. */
export function targetCondition({ relation, rowFilters }: Protection, alias: string): string {
  const columns = relation.columns
    .map(({ name }) => `${quoteIdentifier(alias)}.${quoteIdentifier(name)} AS ${quoteIdentifier(name)}`)
    .join(', ');
  return `EXISTS (SELECT FROM (SELECT ${columns}) AS ${quoteIdentifier(relation.name)} WHERE ${conditionOf(rowFilters)})`;
}

export function hasColumn(relation: RelationDescription, name: string): boolean {
  return relation.columns.some((column) => column.name === name);
}

/** Policies name columns that are there, or nothing is shown. @throws Refused `policy.broken` */
export function requireColumns(relation: RelationDescription, columns: Iterable<string>): void {
  for (const name of columns)
    if (!hasColumn(relation, name))
      refuse(
        'policy.broken',
        `A policy on ${fullName(relation)} names the column ${name}, which is not there`,
      );
}
