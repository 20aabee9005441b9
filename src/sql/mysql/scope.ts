import type { RelationDescription } from '../../common/relation-description';
import { foldName } from './fold-name';

export interface BoundColumn {
  readonly name: string;
  /** Its values may be masked ones. */
  readonly masked: boolean;
}

/** Something of a FROM clause that columns are asked of. */
export interface BoundSource {
  /** The name that qualifies its columns. */
  readonly alias: string;
  /** Schema of a relation, whose columns may be written `schema.alias.column`. */
  readonly schema: string | null;
  readonly columns: readonly BoundColumn[];
  /** Columns the relation has and the viewer may not see, folded. */
  readonly denied: ReadonlySet<string>;
  /** Columns that only their name brings, folded; a derived table cannot have such. */
  readonly invisible: ReadonlySet<string>;
  /** The reference was replaced by a derived table. */
  readonly replaced: boolean;
  /** Target of a change: its own values are there, and what is masked of them may not be read. */
  readonly target: boolean;
  readonly relation: RelationDescription | null;
  /** Every column asked of it has to be known: the server would find it where nothing was replaced. */
  readonly strict: boolean;
  /** What a reference to a column of it becomes; `null` where it may stay as it is written. */
  readonly rename: ((column: string) => string | null) | null;
}

/** One member of a FROM list: a source, or a join of several. */
export interface FromItem {
  readonly sources: readonly BoundSource[];
  /** What `*` gives, with the columns of USING merged. */
  readonly columns: readonly BoundColumn[];
}

/** The names an expression sees: those of its own level, then those of the levels around it. */
export class Scope {
  readonly sources: BoundSource[] = [];

  constructor(readonly parent: Scope | null) {}

  /**
   * A source by the name of its alias, with its schema where one is written; the innermost. Whether letter case tells
   * two apart is a setting of the server: the one that is spelled alike comes first.
   */
  source(alias: string, schema: string | null = null): BoundSource | null {
    const isIt = (same: (first: string, second: string) => boolean) => (source: BoundSource) =>
      same(source.alias, alias) &&
      (schema === null || (source.schema !== null && same(source.schema, schema)));
    return (
      this.sources.find(isIt((first, second) => first === second)) ??
      this.sources.find(isIt((first, second) => foldName(first) === foldName(second))) ??
      this.parent?.source(alias, schema) ??
      null
    );
  }
}

export function sourceOf(
  alias: string,
  columns: readonly BoundColumn[],
  more: Partial<BoundSource> = {},
): BoundSource {
  return {
    alias,
    schema: null,
    columns,
    denied: new Set(),
    invisible: new Set(),
    replaced: false,
    target: false,
    strict: false,
    relation: null,
    rename: null,
    ...more,
  };
}

export function findColumn(columns: readonly BoundColumn[], name: string): BoundColumn | undefined {
  const folded = foldName(name);
  return columns.find((column) => foldName(column.name) === folded);
}

/** `t (a, b)`: the columns are renamed. */
export function renamed(columns: readonly BoundColumn[], names: readonly string[]): readonly BoundColumn[] {
  return columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }));
}

/** Columns of two operands of UNION and the like. */
export function united(left: readonly BoundColumn[], right: readonly BoundColumn[]): readonly BoundColumn[] {
  return left.map((column, index) => ({ ...column, masked: column.masked || right[index]?.masked === true }));
}

/** The columns of a join: those of USING once and first (manual, "JOIN Clause"). */
export function joinedColumns(
  left: readonly BoundColumn[],
  right: readonly BoundColumn[],
  using: readonly string[] | 'natural',
): readonly BoundColumn[] {
  const names =
    using === 'natural' ? left.map(({ name }) => name).filter((name) => findColumn(right, name)) : using;
  const common = new Set(names.map(foldName));
  const both = [...left, ...right];
  const merged = left
    .filter(({ name }) => common.has(foldName(name)))
    .map(({ name }) => ({
      name,
      masked: both.some((column) => column.masked && foldName(column.name) === foldName(name)),
    }));
  return [...merged, ...both.filter(({ name }) => !common.has(foldName(name)))];
}
