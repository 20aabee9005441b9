import { quoteIdentifier } from '../../common/quote/postgresql';
import { fullName } from '../../common/relation-description';
import type { Tree } from '../json-tree';
import type { PlannedEdit } from '../policy/planned-edits';
import { refuse } from '../refused';
import type { BoundColumn, BoundSource, FromItem, Scope } from './scope';
import type { TokenList } from './tokens';
import { hasStar, locationOf, nameParts, unwrap } from './tree';

const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/**
 * Looks columns up in the levels they can see, as the server does (parse_relation.c, colNameToVar): refuses what is not
 * there for the viewer, notes what may be masked, and mends names that rested on a reference being a table.
 */
export class ColumnResolver {
  /** How often an expression met a column that may hold masked values. */
  touches = 0;

  constructor(
    private readonly edits: PlannedEdit[],
    private readonly tokens: TokenList,
    /** UTF-8 offset of the parser to UTF-16 offset of the text. */
    private readonly toPosition: (offset: number) => number,
  ) {}

  get touchesMasks(): boolean {
    return this.touches > 0;
  }

  /** `(t).column` of a whole row. */
  indirection(node: Tree, level: Scope): void {
    const row = unwrap(node.arg);
    const [field] = nameParts(node.indirection);
    if (row?.kind !== 'ColumnRef' || field === undefined) return;
    const source = level.source(nameParts(row.node.fields).at(-1) ?? '');
    if (source?.denied.has(field)) this.refuseColumn(source, field, locationOf(row.node));
    if (source) this.refuseSystemColumn(source, field, locationOf(row.node));
  }

  columnRef(node: Tree, level: Scope, outputs: readonly BoundColumn[] | null): void {
    const parts = nameParts(node.fields);
    const star = hasStar(node.fields);
    const location = locationOf(node);
    if (star) {
      const sources =
        parts.length === 0
          ? level.sources
          : [level.source(parts.at(-1) ?? '', parts.at(-2) ?? null)].filter((one) => one !== null);
      for (const source of sources) this.useRow(source, location);
      if (parts.length > 1) this.dropSchema(sources[0], location, parts.length);
      return;
    }
    const name = parts.at(-1) ?? '';
    if (parts.length === 1) return this.bareColumn(name, location, level, outputs);
    const source = level.source(parts.at(-2) ?? '', parts.at(-3) ?? null);
    if (source === null) return;
    this.useColumn(source, name, location);
    if (parts.length > 2) this.dropSchema(source, location, parts.length - 1);
  }

  private bareColumn(
    name: string,
    location: number,
    level: Scope,
    outputs: readonly BoundColumn[] | null,
  ): void {
    if (outputs?.some((output) => output.name === name) && !ownColumn(level, name)) return;
    for (let scope: Scope | null = level; scope !== null; scope = scope.parent) {
      const having = scope.sources.filter(({ columns }) => columns?.some((column) => column.name === name));
      if (having.length > 0) {
        for (const source of having) this.useColumn(source, name, location);
        return;
      }
      for (const source of scope.sources)
        if (source.denied.has(name)) this.refuseColumn(source, name, location);
      if (systemColumns.has(name))
        for (const source of scope.sources) this.refuseSystemColumn(source, name, location);
      if (scope.sources.some(({ columns }) => columns === null)) {
        this.touches += this.touchesMasks ? 1 : 0;
        return;
      }
    }
    const row = level.source(name);
    if (row !== null) this.useRow(row, location);
  }

  private useColumn(source: BoundSource, name: string, location: number): void {
    if (source.denied.has(name) && !source.columns?.some((column) => column.name === name))
      this.refuseColumn(source, name, location);
    this.refuseSystemColumn(source, name, location);
    source.used.add(name);
    const masked =
      source.columns === null
        ? this.touchesMasks
        : source.columns.some((column) => column.name === name && column.masked);
    if (masked) this.touch(source, name, location);
  }

  private useRow(source: BoundSource, location: number): void {
    for (const { name, masked } of source.columns ?? []) {
      source.used.add(name);
      if (masked) this.touch(source, name, location);
    }
    if (source.target) for (const name of source.denied) this.refuseColumn(source, name, location);
  }

  private touch(source: BoundSource, name: string, location: number): void {
    if (source.target)
      refuse(
        'permission.column_denied',
        `${this.spell(source, name)} is masked for you: a change cannot read it`,
        { position: this.toPosition(location) },
      );
    this.touches += 1;
  }

  private spell({ relation, alias }: BoundSource, column: string): string {
    return `${relation === null ? alias : fullName(relation)}.${column}`;
  }

  refuseColumn(source: BoundSource, name: string, location: number): never {
    return refuse(
      'permission.column_denied',
      `The column ${this.spell(source, name)} is not permitted: an administrator of the connection's policies can permit it`,
      { position: this.toPosition(location) },
    );
  }

  refuseDeniedName(side: FromItem, name: string): void {
    if (side.columns?.some((column) => column.name === name)) return;
    for (const source of side.sources) if (source.denied.has(name)) this.refuseColumn(source, name, 0);
  }

  private refuseSystemColumn(source: BoundSource, name: string, location: number): void {
    if (!source.replaced || !systemColumns.has(name) || source.columns?.some((one) => one.name === name))
      return;
    refuse('policy.unsupported', `The system column ${name} cannot be read from a table with policies`, {
      construct: name,
      position: this.toPosition(location),
    });
  }

  /** `schema.table.column` of a reference that became a derived table: it is called by its alias alone. */
  private dropSchema(source: BoundSource | undefined, location: number, parts: number): void {
    if (source === undefined || !source.replaced) return;
    const first = this.tokens.indexAt(this.toPosition(location));
    const last = this.tokens.endOfName(first, parts);
    this.edits.push({
      start: this.tokens.all[first]!.start,
      end: this.tokens.all[last]!.end,
      text: () => quoteIdentifier(source.shown),
      holds: false,
    });
  }
}

function ownColumn(level: Scope, name: string): boolean {
  return level.sources.some(({ columns }) => columns?.some((column) => column.name === name));
}
