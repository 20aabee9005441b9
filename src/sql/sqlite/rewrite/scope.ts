import { refuse } from '../../refused';
import { fold } from '../walk-tree';

export interface OutputColumn {
  readonly name: string;
  /** Whether its values can be masked ones. */
  readonly masked: boolean;
  /** Why a reference is refused: the column of a table that is written, whose real values stand there. */
  readonly unreadable?: string;
  /** Written instead of a reference, where the name alone would give the real value. */
  readonly instead?: string;
}

/** What a query gives; `open` when there may be columns that nobody knows. */
export interface Output {
  readonly columns: readonly OutputColumn[];
  readonly open: boolean;
}

/** Whether rows have an id beside their columns: `own` leaves it to the engine, a column stands for it, or it is refused. */
export type RowId = 'none' | 'own' | 'refused' | OutputColumn;

/** Something in FROM, or the target of a write. */
export interface Source extends Output {
  /** Folded names it answers to. */
  readonly names: readonly string[];
  /** Columns that answer to their name but are not part of `*`. */
  readonly unlisted: readonly OutputColumn[];
  /** Folded names of columns that the viewer may not see, and how the relation spells them. */
  readonly denied: ReadonlyMap<string, string>;
  /** How the relation is called in refusals; `null` for subqueries. */
  readonly relation: string | null;
  /** Whether a derived table stands where a table or view was written. */
  readonly spliced: boolean;
  readonly rowId: RowId;
  /** Whether `main.t.c` reaches it. */
  readonly schemaQualified: boolean;
  /** `excluded` of an upsert: reached by its name alone. */
  readonly qualifiedOnly?: boolean;
  /** Folded names under which USING or NATURAL joined it to what stands on its left. */
  readonly joined?: ReadonlySet<string>;
}

export const plainSource: Omit<Source, 'columns' | 'open' | 'names'> = {
  unlisted: [],
  denied: new Map(),
  relation: null,
  spliced: false,
  rowId: 'none',
  schemaQualified: false,
};

export interface Found {
  readonly column: OutputColumn;
  readonly source: Source | null;
  /** Levels between the reference and the query that has the column. */
  readonly depth: number;
  readonly isRowId: boolean;
}

export interface Reference {
  readonly schema: string | null;
  readonly table: string | null;
  readonly column: string;
  readonly position: number;
}

const rowIdNames = new Set(['rowid', 'oid', '_rowid_']);
const unknown: OutputColumn = { name: '', masked: false };

/** Names that expressions of one query may use, as SQLite resolves them (resolve.c, lookupName). */
export class Scope {
  /** Names that the result's columns were given; they come after the columns of FROM. */
  aliases: ReadonlyMap<string, boolean> = new Map();

  constructor(
    readonly sources: readonly Source[],
    readonly outer: Scope | null,
  ) {}

  /** @returns `null` when no level knows the name, or only one whose columns nobody knows */
  resolve(reference: Reference, depth = 0): Found | 'open' | null {
    return this.find(reference, depth) ?? this.outer?.resolve(reference, depth + 1) ?? null;
  }

  private find(reference: Reference, depth: number): Found | 'open' | null {
    const name = fold(reference.column);
    const candidates = this.sources.filter((source) => answers(source, reference));
    const matches = candidates.flatMap((source) =>
      [...source.columns, ...source.unlisted]
        .filter((column) => fold(column.name) === name)
        .slice(0, 1)
        .map((column) => ({ column, source })),
    );
    const [first] = matches;
    if (first !== undefined) return { ...merged(matches, first), depth, isRowId: false };
    for (const { denied, relation } of candidates) {
      const spelled = denied.get(name);
      if (spelled !== undefined) refuseColumn(spelled, relation ?? '', reference.position);
    }
    if (candidates.some(({ open }) => open)) return 'open';
    const rowId = rowIdNames.has(name) ? rowIdOf(candidates, reference) : null;
    if (rowId !== null) return { ...rowId, depth, isRowId: true };
    const alias = reference.table === null ? this.aliases.get(name) : undefined;
    if (alias === undefined) return null;
    return { column: { name: reference.column, masked: alias }, source: null, depth, isRowId: false };
  }
}

function answers(source: Source, { schema, table }: Reference): boolean {
  if (table === null) return source.qualifiedOnly !== true;
  if (!source.names.includes(fold(table))) return false;
  return schema === null || (fold(schema) === 'main' && source.schemaQualified);
}

/** Columns of the same name are one column after USING, and an error of the engine otherwise. */
function merged(
  matches: readonly { column: OutputColumn; source: Source }[],
  first: { column: OutputColumn; source: Source },
): { column: OutputColumn; source: Source } {
  if (matches.length === 1) return first;
  const unreadable = matches.find(({ column }) => column.unreadable !== undefined);
  const masked = matches.some(({ column }) => column.masked);
  return { source: first.source, column: { ...first.column, ...unreadable?.column, masked } };
}

function rowIdOf(
  candidates: readonly Source[],
  { column, position }: Reference,
): { column: OutputColumn; source: Source } | null {
  const having = candidates.filter(({ rowId }) => rowId !== 'none');
  const [only] = having;
  if (only === undefined) return null;
  if (having.every(({ rowId }) => rowId === 'own')) return { column: unknown, source: only };
  if (having.length === 1 && typeof only.rowId === 'object') return { column: only.rowId, source: only };
  return refuse(
    'query.unsupported',
    `${column} of ${only.relation ?? 'this relation'} cannot be read where a policy holds: name a column`,
    { construct: column, position },
  );
}

export function refuseColumn(column: string, relation: string, position?: number): never {
  refuse(
    'permission.column_denied',
    `The column ${column} of ${relation} is not permitted; an administrator of the connection can permit it`,
    { construct: column, ...(position !== undefined && { position }) },
  );
}
