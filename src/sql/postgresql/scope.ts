import type { RelationName } from '../../common/relation-description';

export interface BoundColumn {
  readonly name: string;
  /** Its values may be masked ones. */
  readonly masked: boolean;
}

/** Something of a FROM clause that columns are asked of. */
export interface BoundSource {
  /** The name that qualifies its columns. */
  readonly alias: string;
  /** Schema of a relation that stands without an alias: its columns may be written `schema.table.column`. */
  readonly schema: string | null;
  /** In order; `null` where they are not known. */
  readonly columns: readonly BoundColumn[] | null;
  /** Columns the relation has and the viewer may not see. */
  readonly denied: ReadonlySet<string>;
  /** The reference was replaced by a derived table, which has no system columns and no schema. */
  readonly replaced: boolean;
  /** Target of a change: its own values are there, and what is masked of them may not be read. */
  readonly target: boolean;
  readonly relation: RelationName | null;
  readonly primaryKey: readonly string[];
  /** Columns the statement names. */
  readonly used: Set<string>;
  /** The alias it has in the text that is sent. */
  shown: string;
}

/** One member of a FROM list: a source, or a join of several. */
export interface FromItem {
  readonly sources: readonly BoundSource[];
  /** What `*` gives, with the columns of USING merged; `null` where that is not known. */
  readonly columns: readonly BoundColumn[] | null;
}

/** The names an expression sees: those of its own level, then those of the levels around it. */
export class Scope {
  readonly items: FromItem[] = [];

  /** @param continues it is a part of its parent's level, such as the left side of a join seen from the right */
  constructor(
    readonly parent: Scope | null,
    private readonly continues = false,
  ) {}

  get sources(): readonly BoundSource[] {
    return this.items.flatMap((item) => item.sources);
  }

  /** The sources of the whole level so far. */
  get levelSources(): readonly BoundSource[] {
    return this.continues && this.parent !== null
      ? [...this.parent.levelSources, ...this.sources]
      : this.sources;
  }

  /** A source by the name of its alias, with its schema where one is written; the innermost. */
  source(alias: string, schema: string | null = null): BoundSource | null {
    const found = this.sources.find(
      (source) => source.alias === alias && (schema === null || source.schema === schema),
    );
    return found ?? this.parent?.source(alias, schema) ?? null;
  }
}

export function sourceOf(
  alias: string,
  columns: readonly BoundColumn[] | null,
  more: Partial<BoundSource> = {},
): BoundSource {
  return {
    alias,
    schema: null,
    columns,
    denied: new Set(),
    replaced: false,
    target: false,
    relation: null,
    primaryKey: [],
    used: new Set(),
    shown: alias,
    ...more,
  };
}

export const itemOf = (source: BoundSource): FromItem => ({ sources: [source], columns: source.columns });

/** `t(a, b)`: the first columns are renamed. */
export function renamed(
  columns: readonly BoundColumn[] | null,
  names: readonly string[],
): readonly BoundColumn[] | null {
  return columns?.map((column, index) => ({ ...column, name: names[index] ?? column.name })) ?? null;
}

/** The columns of a join: those of USING once and first (manual 7.2.1.1). */
export function joinedColumns(
  left: FromItem,
  right: FromItem,
  using: readonly string[] | 'natural',
): readonly BoundColumn[] | null {
  if (left.columns === null || right.columns === null) return null;
  const rightNames = new Set(right.columns.map(({ name }) => name));
  const common =
    using === 'natural'
      ? left.columns.filter(({ name }) => rightNames.has(name)).map(({ name }) => name)
      : using;
  const both = [...left.columns, ...right.columns];
  const merged = common.map((name) => ({
    name,
    masked: both.some((column) => column.name === name && column.masked),
  }));
  return [...merged, ...both.filter(({ name }) => !common.includes(name))];
}
