import { quoteIdentifier } from '../../common/quote/mysql';
import { fullName } from '../../common/relation-description';
import { isTree, listOf, type Tree } from '../json-tree';
import type { PlannedEdit } from '../policy/planned-edits';
import { refuse } from '../refused';
import { columnLabel, itemsOf } from './select-items';
import { foldName } from './fold-name';
import { deniedColumns, derivedTable, isFiltered, shownColumns, type Protection } from './protection';
import type { Bound, RelationBinder } from './relation-binder';
import {
  findColumn,
  joinedColumns,
  renamed,
  Scope,
  sourceOf,
  united,
  type BoundColumn,
  type BoundSource,
  type FromItem,
} from './scope';
import { Tokens } from './tokens';
import type { ParsedMysql } from './parse-mysql';
import { identifiersOf, namesOf, spanOf, textOf } from './tree';
import { accountWords } from './statement-words';
import { readName, type TableName } from './walk-tree';

/** Columns of what WITH defines, by names in the spelling of the definition. */
export type CteColumns = ReadonlyMap<string, readonly BoundColumn[]>;

export interface RewriterOptions {
  /** A view's definition: denied columns are NULL, and every relation of it is qualified. */
  readonly inView: boolean;
  /** An administrator's own text: it is bound, not rewritten, and every column in it must be there. */
  readonly administrators: boolean;
  readonly hashKey: Buffer;
}

/** Sources, scopes and lists that one statement may have; recursion over WITH reads some of them twice. */
const maxSteps = 50_000;

/**
 * Walks a statement with the names that its places see, and plans a derived table for every reference of a protected
 * relation. Relations have been loaded into the binder before.
 */
export class StatementRewriter {
  /** Their texts depend on whether filters need a fence. */
  readonly edits: PlannedEdit<[fence: boolean]>[] = [];
  readonly tokens: Tokens;
  /** Reads of columns that may hold masked values, so far. */
  touches = 0;
  changed = false;
  filtered = false;
  /** Names of the tables that a change is made in, while its table references are read. */
  targets: ReadonlySet<string> | 'all' | null = null;
  /** The database of bare names in an administrator's text. */
  administratorsSchema: string | null = null;
  private steps = 0;
  private readonly planned = new Set<number>();

  constructor(
    readonly text: string,
    parsed: ParsedMysql,
    readonly binder: RelationBinder,
    readonly options: RewriterOptions,
    private readonly change: (
      rewriter: StatementRewriter,
      kind: string,
      node: Tree,
      outer: Scope | null,
      ctes: CteColumns,
    ) => readonly BoundColumn[] = () => [],
  ) {
    this.tokens = new Tokens(parsed.lexed.code);
  }

  /** Whether anything the statement reads, or may read, is masked. */
  get hasMasks(): boolean {
    return [...this.binder.touched.values()].some(({ masks }) => Object.keys(masks).length > 0);
  }

  /** `{ Query }`, `{ Insert }`, … or the body of a query. @returns the columns of the result */
  statement(tree: Tree, outer: Scope | null = null, ctes: CteColumns = new Map()): readonly BoundColumn[] {
    if ((this.steps += 1) > maxSteps) refuse('query.too_complex', 'The statement is too complex');
    const [kind = ''] = Object.keys(tree);
    const node = tree[kind];
    if (!isTree(node)) return [];
    if (kind === 'Query') return this.query(node, outer, ctes);
    if (kind === 'Select') return this.select(node, outer, ctes).columns;
    if (kind === 'SetOperation') return this.setOperation(node, outer, ctes);
    if (kind === 'Values') return this.values(node, outer, ctes);
    if (kind === 'Table') return this.tableQuery(node, ctes);
    return this.change(this, kind, node, outer, ctes);
  }

  query(node: Tree, outer: Scope | null, before: CteColumns): readonly BoundColumn[] {
    const ctes = this.with(node.with, outer, before);
    const body = isTree(node.body) ? node.body : {};
    const order = isTree(node.order_by) ? node.order_by.kind : null;
    if (isTree(body.Select)) {
      const { columns, level } = this.select(body.Select, outer, ctes);
      this.sorted(order, level, ctes, columns);
      return columns;
    }
    const columns = this.statement(body, outer, ctes);
    this.sorted(order, new Scope(outer), ctes, columns);
    return columns;
  }

  /** ORDER BY takes the name of a column of the result before that of a table. */
  sorted(order: unknown, level: Scope, ctes: CteColumns, outputs: readonly BoundColumn[]): void {
    for (const item of isTree(order) ? listOf(order.Expressions) : listOf(order)) {
      const name =
        isTree(item) && isTree(item.expr) && isTree(item.expr.Identifier) ? item.expr.Identifier : null;
      if (name === null || findColumn(outputs, textOf(name, this.text)) === undefined)
        this.expression(item, level, ctes, outputs);
    }
  }

  with(clause: unknown, outer: Scope | null, before: CteColumns): CteColumns {
    if (!isTree(clause)) return before;
    const ctes = new Map(before);
    for (const cte of listOf(clause.cte_tables)) {
      if (!isTree(cte) || !isTree(cte.alias) || !isTree(cte.alias.name) || !isTree(cte.query)) continue;
      const name = String(cte.alias.name.value);
      const names = namesOf(cte.alias.columns);
      const { query } = cte;
      if (clause.recursive === true) {
        // its own columns are those of its first part; whatever the others read may come out of any of them
        const columns = this.quietly(() => this.statement(firstPart({ Query: query }), outer, ctes));
        ctes.set(
          name,
          renamed(
            columns.map((column) => ({ ...column, masked: this.hasMasks })),
            names,
          ),
        );
      }
      const columns = this.query(query, outer, ctes);
      const recursive = ctes.get(name);
      ctes.set(
        name,
        clause.recursive === true && recursive !== undefined && recursive !== before.get(name)
          ? united(renamed(columns, names), this.readsItself(query, name) ? recursive : [])
          : renamed(columns, names),
      );
    }
    return ctes;
  }

  private readsItself(query: Tree, name: string): boolean {
    return JSON.stringify(query).includes(`{"value":${JSON.stringify(name)},`);
  }

  /** Reads something that is going to be read again. */
  private quietly<T>(read: () => T): T {
    const { touches } = this;
    const { length } = this.edits;
    const planned = [...this.planned];
    const result = read();
    this.edits.length = length;
    this.planned.clear();
    for (const start of planned) this.planned.add(start);
    this.touches = touches;
    return result;
  }

  private setOperation(node: Tree, outer: Scope | null, ctes: CteColumns): readonly BoundColumn[] {
    const [left, right] = [node.left, node.right].map((side) =>
      isTree(side) ? this.statement(side, outer, ctes) : [],
    );
    return united(left ?? [], right ?? []);
  }

  private values(node: Tree, outer: Scope | null, ctes: CteColumns): readonly BoundColumn[] {
    let columns: readonly BoundColumn[] = [];
    for (const row of listOf(node.rows)) {
      const cells = listOf(isTree(row) ? row.content : row).map((cell, index) => ({
        name: `column_${index}`,
        masked: this.touchesIn(() => this.expression(cell, new Scope(outer), ctes)),
      }));
      columns = columns.length === 0 ? cells : united(columns, cells);
    }
    return columns;
  }

  touchesIn(read: () => void): boolean {
    const before = this.touches;
    read();
    return this.touches > before;
  }

  /** `TABLE t`, whose name the grammar gives as text. */
  private tableQuery(node: Tree, ctes: CteColumns): readonly BoundColumn[] {
    const unquoted = (value: unknown): string => String(value).replaceAll('`', '');
    const name = unquoted(node.table_name);
    const schema = typeof node.schema_name === 'string' ? unquoted(node.schema_name) : null;
    const cte = schema === null ? ctes.get(name) : undefined;
    if (cte !== undefined) return cte;
    const { source, protection } = this.sourceOfTable({ schema, name, quoted: true, position: null }, name);
    if (protection !== null)
      refuse(
        'policy.unsupported',
        `Write SELECT * FROM ${name}: TABLE cannot be used on a table with policies`,
        {
          construct: 'TABLE',
        },
      );
    return this.star(source.columns);
  }

  private select(
    node: Tree,
    outer: Scope | null,
    ctes: CteColumns,
  ): { readonly columns: readonly BoundColumn[]; readonly level: Scope } {
    const level = new Scope(outer);
    const items = listOf(node.from).map((from) => this.tableWithJoins(from, level, ctes));
    this.refuseAliasesAlike(level);
    const columns = this.projection(node, level, items, ctes);
    this.expression(node.selection, level, ctes);
    this.grouped(node.group_by, level, ctes, columns);
    this.expression(node.having, level, ctes, columns);
    this.expression(node.named_window, level, ctes);
    return { columns, level };
  }

  private grouped(group: unknown, level: Scope, ctes: CteColumns, outputs: readonly BoundColumn[]): void {
    this.expression(isTree(group) ? listOf(group.Expressions) : group, level, ctes, outputs);
  }

  private projection(
    node: Tree,
    level: Scope,
    items: readonly FromItem[],
    ctes: CteColumns,
  ): readonly BoundColumn[] {
    const projection = listOf(node.projection);
    const ranges = itemsOf(this.tokens, spanOf(node.select_token)?.end ?? 0, projection.length);
    return projection.flatMap((item, index): readonly BoundColumn[] => {
      if (!isTree(item)) return [];
      if (item.Wildcard !== undefined) return this.star(items.flatMap(({ columns }) => columns));
      if (item.QualifiedWildcard !== undefined) return this.qualifiedStar(item.QualifiedWildcard, level);
      const aliased = isTree(item.ExprWithAlias) ? item.ExprWithAlias : null;
      const expression = aliased === null ? item.UnnamedExpr : aliased.expr;
      const before = this.edits.length;
      const masked = this.touchesIn(() => this.expression(expression, level, ctes));
      if (isTree(aliased?.alias)) return [{ name: textOf(aliased.alias, this.text), masked }];
      const own = identifiersOf(expression).at(-1);
      if (own !== undefined) return [{ name: String(own.value), masked }];
      const range = ranges[index] ?? { start: 0, end: 0 };
      const name = columnLabel(this.text.slice(range.start, range.end));
      // the server calls the column what stands there, which must not be what we wrote
      if (this.edits.length > before && !this.options.administrators)
        this.insert(range.end, ` AS ${quoteIdentifier(name)}`);
      return [{ name, masked }];
    });
  }

  insert(at: number, text: string): void {
    this.edits.push({ start: at, end: at, text: () => text, holds: false });
  }

  private star(columns: readonly BoundColumn[]): readonly BoundColumn[] {
    this.touches += columns.filter(({ masked }) => masked).length;
    return columns;
  }

  private qualifiedStar(value: unknown, level: Scope): readonly BoundColumn[] {
    const [object] = listOf(value);
    const parts = isTree(object) ? identifiersOf({ CompoundIdentifier: namedParts(object.ObjectName) }) : [];
    const source = this.namedSource(parts, level);
    if (source === null) return [];
    if (source.target) this.refuseTarget(source, '*', parts[0]);
    return this.star(source.columns);
  }

  /** A level's sources must stay apart when those that become derived tables lose their schemas. */
  private refuseAliasesAlike(level: Scope): void {
    const seen = new Map<string, BoundSource>();
    for (const source of level.sources) {
      const other = seen.get(foldName(source.alias));
      if (other !== undefined && (other.replaced || source.replaced) && other.schema !== source.schema)
        refuse('policy.unsupported', `Two tables are called ${source.alias} here: give them aliases`, {
          construct: source.alias,
        });
      seen.set(foldName(source.alias), source);
    }
  }

  tableWithJoins(value: unknown, level: Scope, ctes: CteColumns): FromItem {
    if (!isTree(value)) return { sources: [], columns: [] };
    let item = this.factor(value.relation, level, ctes);
    for (const join of listOf(value.joins)) {
      if (!isTree(join)) continue;
      const right = this.factor(join.relation, level, ctes);
      item = this.join(item, right, join.join_operator, level, ctes);
    }
    return item;
  }

  private join(left: FromItem, right: FromItem, operator: unknown, level: Scope, ctes: CteColumns): FromItem {
    const [constraint] = isTree(operator) ? Object.values(operator) : [];
    const sources = [...left.sources, ...right.sources];
    if (constraint === 'Natural') {
      for (const [side, other] of [
        [left, right],
        [right, left],
      ] as const)
        this.refuseDenied(side, (name) => hasColumn(other, name));
      return { sources, columns: joinedColumns(left.columns, right.columns, 'natural') };
    }
    if (isTree(constraint) && Array.isArray(constraint.Using)) {
      const using = constraint.Using.map((name) => readName(name).name);
      const folded = new Set(using.map(foldName));
      for (const side of [left, right]) {
        this.refuseDenied(side, (name) => folded.has(name));
        for (const name of using) if (findColumn(side.columns, name)?.masked === true) this.touches += 1;
        for (const source of side.sources)
          if (source.target) for (const name of using) this.useColumn(source, name, undefined);
      }
      return { sources, columns: joinedColumns(left.columns, right.columns, using) };
    }
    if (isTree(constraint)) this.expression(constraint.On, level, ctes);
    return { sources, columns: [...left.columns, ...right.columns] };
  }

  private refuseDenied(side: FromItem, isNamed: (folded: string) => boolean): void {
    for (const source of side.sources)
      for (const name of source.denied) if (isNamed(name)) this.refuseColumn(source, name, undefined);
  }

  private factor(value: unknown, level: Scope, ctes: CteColumns): FromItem {
    if (!isTree(value)) return { sources: [], columns: [] };
    if (isTree(value.NestedJoin)) return this.tableWithJoins(value.NestedJoin.table_with_joins, level, ctes);
    const source = this.source(value, level, ctes);
    if (source === null) return { sources: [], columns: [] };
    level.sources.push(source);
    return { sources: [source], columns: source.columns };
  }

  private source(value: Tree, level: Scope, ctes: CteColumns): BoundSource | null {
    if (isTree(value.Table)) return this.table(value.Table, ctes);
    if (isTree(value.Derived)) {
      const { lateral, subquery, alias } = value.Derived;
      const query = isTree(subquery) ? subquery : {};
      const { targets } = this;
      this.targets = null;
      const columns = this.query(query, lateral === true ? level : level.parent, ctes);
      this.targets = targets;
      return sourceOf(aliasName(alias) ?? '', renamed(columns, aliasColumns(alias)));
    }
    if (isTree(value.JsonTable)) {
      const { json_expr: json, columns, alias } = value.JsonTable;
      const masked = this.touchesIn(() => this.expression(json, level, ctes));
      return sourceOf(
        aliasName(alias) ?? '',
        jsonColumns(columns).map((name) => ({ name, masked })),
      );
    }
    return refuse('query.unsupported', 'A FROM clause of this form is not accepted here');
  }

  private table(node: Tree, ctes: CteColumns): BoundSource | null {
    const name = readName(node.name);
    const alias = aliasName(node.alias);
    if (name.schema === null && !name.quoted && name.name.toLowerCase() === 'dual') return null;
    const { targets } = this;
    const isTarget = targets === 'all' || [alias, name.name].some((one) => one !== null && targets?.has(one));
    if (isTarget) return this.target(name, alias);
    const cte = name.schema === null ? ctes.get(name.name) : undefined;
    if (cte !== undefined) return sourceOf(alias ?? name.name, cte);
    const { source, protection } = this.sourceOfTable(name, alias ?? name.name);
    if (protection !== null) this.replace(node, name, alias, protection);
    else if (this.options.administrators && name.schema === null && this.administratorsSchema !== null)
      this.insert(name.position ?? 0, `${quoteIdentifier(this.administratorsSchema)}.`);
    return source;
  }

  /** What a change is made in stays as it is written: nothing masked of it may be read. */
  target(name: TableName, alias: string | null): BoundSource {
    const { source, bound } = this.sourceOfTable(name, alias ?? name.name);
    const protection = bound?.protection ?? null;
    if (bound === null || protection === null) return source;
    const { relation } = bound;
    if (relation.kind === 'view')
      refuse(
        'policy.unsupported',
        `${fullName(relation)} is a view under policies: change its tables instead`,
        {
          position: name.position,
        },
      );
    const columns = relation.columns
      .filter((column) => protection.columns.get(column.name)?.rule !== 'deny')
      .map((column) => ({ name: column.name, masked: protection.columns.has(column.name) }));
    return {
      ...sourceOf(source.alias, columns, {
        schema: source.schema,
        relation,
        denied: deniedColumns(protection),
      }),
      target: true,
      strict: true,
    };
  }

  private sourceOfTable(
    name: TableName,
    alias: string,
  ): { readonly source: BoundSource; readonly protection: Protection | null; readonly bound: Bound | null } {
    const bound = this.options.administrators ? this.administrators(name) : this.binder.find(name);
    if (this.options.inView && name.schema === null)
      refuse('query.unsupported', 'A view names a table without its database');
    if (bound === null)
      refuse(
        'query.unknown_object',
        `There is no table ${fullName(name)}, or the connection's account may not see it`,
        {
          position: name.position,
        },
      );
    // it is described before this is done again
    if (bound === undefined) return { source: sourceOf(alias, []), protection: null, bound: null };
    const { relation, protection } = bound;
    // an alias belongs to the database of its table: db.alias.column
    const schema = name.schema ?? relation.schema;
    const invisible = new Set(
      relation.columns.filter(({ visible }) => !visible).map((one) => foldName(one.name)),
    );
    if (protection === null) {
      const columns = relation.columns
        .filter(({ visible }) => visible)
        .map((one) => ({ name: one.name, masked: false }));
      return { source: sourceOf(alias, columns, { schema, relation, invisible }), protection, bound };
    }
    const columns = shownColumns(protection, this.options.inView);
    if (columns.length === 0 && this.targets === null)
      refuse(
        'permission.column_denied',
        `No column of ${fullName(relation)} is permitted: an administrator of the connection's policies can permit them`,
        {
          position: name.position,
        },
      );
    const denied = this.options.inView ? new Set<string>() : deniedColumns(protection);
    return {
      source: sourceOf(alias, columns, { schema, relation, denied, invisible, replaced: true }),
      protection,
      bound,
    };
  }

  /** What an administrator's text names is read as it is. */
  private administrators(name: TableName): Bound | null | undefined {
    const found = this.binder.describe({ schema: name.schema ?? this.administratorsSchema, name: name.name });
    return found == null ? found : { relation: found, protection: null };
  }

  /** Puts the derived table where the name stands, with what belongs to the name and not to the alias. */
  private replace(node: Tree, name: TableName, alias: string | null, protection: Protection): void {
    this.changed = true;
    this.filtered ||= isFiltered(protection);
    const start = name.position ?? refuse('query.unsupported', 'A table of this form is not accepted here');
    if (this.planned.has(start)) return;
    this.planned.add(start);
    let last = this.tokens.indexAt(start) + (name.schema === null ? 1 : 3);
    const partitions = namesOf(node.partitions);
    if (partitions.length > 0)
      last = this.tokens.closing(this.tokens.scanTo(last, (text) => text === '(')) + 1;
    if (partitions.length > 0 && protection.inlined !== null)
      refuse('policy.unsupported', 'PARTITION cannot be used on a view', { construct: 'PARTITION' });
    const called = alias === null ? ` AS ${quoteIdentifier(name.name)}` : '';
    const options = { inView: this.options.inView, hashKey: this.options.hashKey };
    this.edits.push({
      start,
      end: this.tokens.endBefore(last),
      text: (fence) => `${derivedTable(protection, options, partitions, fence)}${called}`,
      holds: true,
    });
    if (listOf(node.index_hints).length > 0) this.dropHints(last);
  }

  /** Hints name indexes, which a derived table has none of; they change no answer. */
  private dropHints(from: number): void {
    const isHint = (text: string): boolean => ['use', 'ignore', 'force'].includes(text);
    const first = this.tokens.scanTo(from, isHint);
    let next = first;
    while (
      isHint(this.tokens.text(next)) ||
      (this.tokens.text(next) === ',' && isHint(this.tokens.text(next + 1)))
    )
      next = this.tokens.closing(this.tokens.scanTo(next, (text) => text === '(')) + 1;
    const start = this.tokens.all[first]?.start ?? 0;
    this.edits.push({ start, end: this.tokens.endBefore(next), text: () => '', holds: false });
  }

  /** @param outputs names of the result that GROUP BY, HAVING and ORDER BY may use instead of a column */
  expression(value: unknown, level: Scope, ctes: CteColumns, outputs: readonly BoundColumn[] = []): void {
    if (Array.isArray(value)) {
      for (const item of value) this.expression(item, level, ctes, outputs);
      return;
    }
    if (!isTree(value)) return;
    if (isTree(value.body)) {
      this.query(value, level, ctes);
      return;
    }
    for (const [key, child] of Object.entries(value)) {
      if (key === 'Identifier' && isTree(child)) this.bareColumn(child, level, outputs);
      else if (key === 'CompoundIdentifier') this.qualifiedColumn(identifiersOf(value), level);
      else if (key === 'MatchAgainst' && isTree(child)) this.match(child, level, ctes);
      else if (!namingKeys.has(key))
        this.expression(key === 'Function' ? argumentsOf(child) : child, level, ctes, outputs);
    }
  }

  private match({ columns, match_value: sought }: Tree, level: Scope, ctes: CteColumns): void {
    for (const name of listOf(columns))
      this.expression({ CompoundIdentifier: namedParts(name) }, level, ctes);
    this.expression(sought, level, ctes);
  }

  private bareColumn(identifier: Tree, level: Scope, outputs: readonly BoundColumn[]): void {
    const name = String(identifier.value);
    const folded = foldName(name);
    for (let scope: Scope | null = level; scope !== null; scope = scope.parent) {
      const having = scope.sources.filter(
        ({ columns, invisible, replaced }) =>
          findColumn(columns, name) || (!replaced && invisible.has(folded)),
      );
      if (having.length > 0) {
        for (const source of having) this.useColumn(source, name, identifier);
        return;
      }
      if (scope === level && findColumn(outputs, name) !== undefined) return;
      for (const source of scope.sources) this.refuseHidden(source, folded, identifier);
    }
    this.unknown(identifier, level);
  }

  /** A name that nothing here has: the server will say so, unless what it finds would not be ours to check. */
  private unknown(identifier: Tree | undefined, level: Scope): void {
    const name = nameIn(identifier);
    if (name.toLowerCase() === 'default' || accountWords.has(name.toLowerCase())) return;
    for (let scope: Scope | null = level; scope !== null; scope = scope.parent)
      if (scope.sources.some(({ strict }) => strict)) this.refuseUnknown(name, identifier);
    if (this.hasMasks) this.touches += 1;
  }

  private refuseUnknown(name: string, identifier: Tree | undefined): never {
    if (this.options.administrators)
      return refuse('policy.broken', `A policy names the column ${name}, which is not there`);
    return refuse('query.unknown_object', `There is no column ${name} here`, {
      position: spanOf(identifier)?.start,
    });
  }

  private qualifiedColumn(parts: readonly Tree[], level: Scope): void {
    const column = parts.at(-1);
    const source = this.namedSource(parts.slice(0, -1), level);
    if (source === null || column === undefined) return this.unknown(column, level);
    this.useColumn(source, String(column.value), column, parts);
  }

  /** A source by alias, or by schema and name; what became a derived table is called by its alias alone. */
  private namedSource(parts: readonly Tree[], level: Scope): BoundSource | null {
    const [first, second] = parts;
    const alias = parts.at(-1);
    if (alias === undefined || first === undefined || parts.length > 2) return null;
    const source = level.source(String(alias.value), second === undefined ? null : String(first.value));
    const [start, end] = [spanOf(first)?.start, spanOf(second)?.start];
    if (source?.replaced === true && source.rename === null && start !== undefined && end !== undefined)
      this.drop(start, end);
    return source;
  }

  private drop(start: number, end: number): void {
    if (this.planned.has(start)) return;
    this.planned.add(start);
    this.edits.push({ start, end, text: () => '', holds: false });
  }

  private useColumn(
    source: BoundSource,
    name: string,
    identifier: Tree | undefined,
    parts?: readonly Tree[],
  ): void {
    this.refuseHidden(source, foldName(name), identifier);
    const column = findColumn(source.columns, name);
    if (column === undefined && source.strict) this.refuseUnknown(name, identifier);
    if (column?.masked === true) {
      if (source.target) this.refuseTarget(source, name, identifier);
      this.touches += 1;
    }
    const becomes = source.rename?.(column?.name ?? name) ?? null;
    const [first, last] = [spanOf((parts ?? [identifier])[0]), spanOf(identifier)];
    if (becomes !== null && first !== null && last !== null)
      this.edits.push({ start: first.start, end: last.end, text: () => becomes, holds: false });
  }

  /** What the relation has and the name does not reach. */
  private refuseHidden(source: BoundSource, folded: string, identifier: Tree | undefined): void {
    if (source.denied.has(folded)) this.refuseColumn(source, folded, identifier);
    if (!source.replaced && !source.target) return;
    if (
      (folded === '_rowid' && findColumn(source.columns, folded) === undefined) ||
      (source.replaced && source.invisible.has(folded))
    )
      refuse('policy.unsupported', `The hidden column ${folded} cannot be read from a table with policies`, {
        construct: folded,
        position: spanOf(identifier)?.start,
      });
  }

  private spell({ relation, alias }: BoundSource, column: string): string {
    return `${relation === null ? alias : fullName(relation)}.${column}`;
  }

  refuseColumn(source: BoundSource, name: string, identifier: Tree | undefined): never {
    return refuse(
      'permission.column_denied',
      `The column ${this.spell(source, name)} is not permitted: an administrator of the connection's policies can permit it`,
      { position: spanOf(identifier)?.start },
    );
  }

  private refuseTarget(source: BoundSource, name: string, identifier: Tree | undefined): never {
    return refuse(
      'permission.column_denied',
      `${this.spell(source, name)} is masked for you: a change cannot read it, unless an administrator of the connection's policies exempts you`,
      { position: spanOf(identifier)?.start },
    );
  }
}

/** Members that hold names of other things than columns, or no names. */
const namingKeys: ReadonlySet<string> = new Set([
  ...[
    'Value',
    'TypedString',
    'prefix',
    'collation',
    'charset',
    'data_type',
    'NamedWindow',
    'window_name',
    'alias',
  ],
  ...['span', 'name', 'field', 'leading_field', 'last_field'],
]);

/** What a call reads. VALUES(column) is what the row that was refused would have held: the caller's own. */
function argumentsOf(call: unknown): unknown {
  if (!isTree(call) || ['values', 'value'].includes(readName(call.name).name.toLowerCase())) return null;
  return { args: call.args, over: call.over, within_group: call.within_group };
}

const nameIn = (identifier: Tree | undefined): string =>
  typeof identifier?.value === 'string' ? identifier.value : '';

const namedParts = (objectName: unknown): unknown[] =>
  listOf(objectName).map((part) => (isTree(part) ? part.Identifier : part));

const aliasName = (alias: unknown): string | null =>
  isTree(alias) && isTree(alias.name) ? String(alias.name.value) : null;

const aliasColumns = (alias: unknown): readonly string[] =>
  isTree(alias)
    ? listOf(alias.columns).flatMap((column) =>
        isTree(column) && isTree(column.name) ? [String(column.name.value)] : [],
      )
    : [];

const hasColumn = (item: FromItem, folded: string): boolean =>
  findColumn(item.columns, folded) !== undefined || item.sources.some(({ denied }) => denied.has(folded));

function jsonColumns(columns: unknown): string[] {
  return listOf(columns).flatMap((column) => {
    if (!isTree(column)) return [];
    if (isTree(column.Nested)) return jsonColumns(column.Nested.columns);
    const name = isTree(column.ForOrdinality)
      ? column.ForOrdinality
      : isTree(column.Named)
        ? column.Named.name
        : null;
    return isTree(name) ? [String(name.value)] : [];
  });
}

/** The part of UNIONs that stands first; it gives a recursive query its columns. */
function firstPart(tree: Tree): Tree {
  const query = isTree(tree.Query) ? tree.Query : null;
  const body = query !== null && isTree(query.body) ? query.body : tree;
  if (isTree(body.SetOperation) && isTree(body.SetOperation.left)) {
    const first = firstPart(body.SetOperation.left);
    return query === null || query.with == null
      ? first
      : { Query: { ...query, body: first, order_by: null } };
  }
  return tree;
}
