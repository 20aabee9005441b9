import { quoteIdentifier } from '../../common/quote/postgresql';
import { isTree, listOf, type Tree } from '../json-tree';
import type { PlannedEdit } from '../policy/planned-edits';
import { refuse } from '../refused';
import { fromUtf8Offsets } from '../text-position';
import { ColumnResolver } from './column-resolver';
import { completeGrouping } from './complete-grouping';
import { explainEdits } from './explain-edits';
import { functionColumns } from './function-columns';
import { nodeShapes } from './node-shapes';
import { outputName } from './output-name';
import { deniedColumns, derivedTable, shownColumns, type Protection } from './protection';
import type { RelationBinder } from './relation-binder';
import {
  itemOf,
  joinedColumns,
  renamed,
  Scope,
  sourceOf,
  type BoundColumn,
  type BoundSource,
  type FromItem,
} from './scope';
import { TokenList, tokensOf } from './tokens';
import { aliasOf, asText, hasStar, locationOf, nameParts, nodeOf, unwrap } from './tree';

export interface RewriterOptions {
  readonly inView: boolean;
  /** No condition of the statement can tell of rows that a filter hides. */
  isPlain(): boolean;
  readonly explained: boolean;
  /** INSERT, UPDATE, DELETE and MERGE, also in a WITH clause. @returns the columns of RETURNING */
  write(
    rewriter: StatementRewriter,
    kind: string,
    node: Tree,
    outer: Scope | null,
    ctes: CteColumns,
  ): readonly BoundColumn[] | null;
}

/** Names a WITH clause defines, with their columns. */
export type CteColumns = ReadonlyMap<string, readonly BoundColumn[] | null>;

type OnFirstTerm = (columns: readonly BoundColumn[] | null) => void;

const writes = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/**
 * Walks a statement as the server resolves it (parse_clause.c, parse_relation.c): names are looked up in the levels they
 * can see, each reference of a protected relation becomes a derived table, and what depended on the reference being a
 * table is mended.
 */
export class StatementRewriter {
  readonly edits: PlannedEdit[] = [];
  filtered = false;
  readonly tokens: TokenList;
  readonly toPosition: (offset: number) => number;
  readonly columns: ColumnResolver;

  constructor(
    readonly text: string,
    readonly binder: RelationBinder,
    readonly options: RewriterOptions,
  ) {
    this.tokens = new TokenList(tokensOf(text));
    this.toPosition = fromUtf8Offsets(text);
    this.columns = new ColumnResolver(this.edits, this.tokens, this.toPosition);
  }

  private knownPlain: boolean | null = null;

  /** Looked at only where something is filtered. */
  get plain(): boolean {
    this.knownPlain ??= this.options.isPlain();
    return this.knownPlain;
  }

  get changed(): boolean {
    return this.edits.length > 0;
  }

  get touches(): number {
    return this.columns.touches;
  }

  get touchesMasks(): boolean {
    return this.columns.touchesMasks;
  }

  /** @returns the columns of the result, `null` where they are not known */
  rewrite(statement: Tree): readonly BoundColumn[] | null {
    const explain = statement.ExplainStmt as Tree | undefined;
    if (explain === undefined) return this.statement(statement, null, new Map());
    const columns = this.statement(explain.query, null, new Map());
    if (this.changed) this.edits.push(...explainEdits(explain, this.tokens));
    return columns;
  }

  statement(value: unknown, outer: Scope | null, ctes: CteColumns): readonly BoundColumn[] | null {
    const found = unwrap(value);
    if (found === null) return null;
    if (found.kind === 'SelectStmt') return this.select(found.node, outer, ctes);
    if (writes.has(found.kind)) return this.options.write(this, found.kind, found.node, outer, ctes);
    return refuse('query.unsupported', 'The statement has a form that is not supported under policies');
  }

  select(node: Tree, outer: Scope | null, before: CteColumns): readonly BoundColumn[] | null {
    const onFirstTerm = this.onFirstTerm;
    this.onFirstTerm = null;
    const ctes = this.with(node.withClause, outer, before);
    const level = new Scope(outer);
    const { larg, rarg } = node;
    if (isTree(larg) && isTree(rarg)) {
      const columns = this.setOperation(larg, rarg, outer, ctes, onFirstTerm);
      this.expressions([node.sortClause, node.limitCount, node.limitOffset], level, ctes, columns);
      return columns;
    }
    if (node.valuesLists !== undefined) {
      const touches = this.touches;
      this.expressions([node.valuesLists, node.sortClause, node.limitCount, node.limitOffset], level, ctes);
      const first = unwrap(listOf(node.valuesLists)[0]);
      return listOf(first?.node.items).map((_, index) => ({
        name: `column${index + 1}`,
        masked: this.touches > touches,
      }));
    }
    for (const item of listOf(node.fromClause)) level.items.push(this.fromItem(item, outer, level, ctes));
    const columns = this.targets(node.targetList, level, ctes);
    this.expressions([node.whereClause], level, ctes);
    this.expressions(
      [node.groupClause, node.havingClause, node.windowClause, node.sortClause, node.distinctClause],
      level,
      ctes,
      columns,
    );
    this.expressions([node.limitCount, node.limitOffset], level, ctes);
    this.edits.push(...completeGrouping(node, level, this.binder, this.tokens, this.toPosition));
    return columns;
  }

  private setOperation(
    left: Tree,
    right: Tree,
    outer: Scope | null,
    ctes: CteColumns,
    onFirstTerm: OnFirstTerm | null,
  ): readonly BoundColumn[] | null {
    const first = this.select(left, outer, ctes);
    onFirstTerm?.(first);
    const second = this.select(right, outer, ctes);
    return (
      first?.map(({ name, masked }, index) => ({
        name,
        masked: masked || (second === null ? this.touchesMasks : second[index]?.masked === true),
      })) ?? null
    );
  }

  /** Told of the columns of a recursive term's beginning, which its rest reads. */
  private onFirstTerm: OnFirstTerm | null = null;

  /** A clause sees the ones before it; those of WITH RECURSIVE see one another. */
  with(clause: unknown, outer: Scope | null, before: CteColumns): CteColumns {
    if (!isTree(clause)) return before;
    const ctes = new Map(before);
    const definitions = listOf(clause.ctes).flatMap((cte) => {
      const found = unwrap(cte);
      return found === null ? [] : [found.node];
    });
    const nameOfCte = (cte: Tree): string => asText(cte.ctename) ?? '';
    if (clause.recursive === true) for (const cte of definitions) ctes.set(nameOfCte(cte), null);
    for (const cte of definitions) {
      const names = nameParts(cte.aliascolnames);
      const define = (columns: readonly BoundColumn[] | null): void => {
        ctes.set(nameOfCte(cte), renamed(columns, names));
      };
      const visible: CteColumns = clause.recursive === true ? ctes : new Map(ctes);
      this.onFirstTerm = clause.recursive === true ? define : null;
      const columns = this.statement(cte.ctequery, outer, visible);
      this.onFirstTerm = null;
      // SEARCH and CYCLE add columns of their own
      define(cte.search_clause === undefined && cte.cycle_clause === undefined ? columns : null);
    }
    return ctes;
  }

  fromItem(value: unknown, outer: Scope | null, level: Scope, ctes: CteColumns): FromItem {
    const { kind, node } = unwrap(value) ?? { kind: '', node: {} };
    const alias = aliasOf(node);
    if (kind === 'RangeVar') return itemOf(this.relation(node, level, ctes));
    if (kind === 'RangeSubselect') {
      const inner = node.lateral === true ? level : outer;
      const columns = this.statement(node.subquery, inner, ctes);
      return itemOf(sourceOf(alias.name ?? '', renamed(columns, alias.columns)));
    }
    if (kind === 'JoinExpr') return this.join(node, outer, level, ctes);
    if (kind === 'RangeTableSample') return this.sample(node, level, ctes);
    const before = this.touches;
    this.children(kind, node, level, ctes);
    const columns = functionColumns(kind, node, this.touches > before);
    return itemOf(sourceOf(alias.name ?? '', renamed(columns, alias.columns)));
  }

  private join(node: Tree, outer: Scope | null, level: Scope, ctes: CteColumns): FromItem {
    const left = this.fromItem(node.larg, outer, level, ctes);
    // LATERAL on the right side sees the left one (manual 7.2.1.5).
    const sees = new Scope(level, true);
    sees.items.push(left);
    const right = this.fromItem(node.rarg, outer, sees, ctes);
    const both = new Scope(outer);
    both.items.push(left, right);
    const using = nameParts(node.usingClause);
    for (const name of using) for (const side of [left, right]) this.columns.refuseDeniedName(side, name);
    this.expressions([node.quals], both, ctes);
    const columns = joinedColumns(left, right, node.isNatural === true ? 'natural' : using);
    const alias = aliasOf(node);
    const sources = [...left.sources, ...right.sources];
    if (alias.name !== null) {
      const denied = new Set(sources.flatMap((source) => [...source.denied]));
      return itemOf(sourceOf(alias.name, renamed(columns, alias.columns), { denied }));
    }
    const usingAlias = isTree(node.join_using_alias) ? asText(node.join_using_alias.aliasname) : null;
    const named =
      usingAlias === null
        ? []
        : [sourceOf(usingAlias, columns?.filter(({ name }) => using.includes(name)) ?? null)];
    return { sources: [...sources, ...named], columns };
  }

  private sample(node: Tree, level: Scope, ctes: CteColumns): FromItem {
    const relation = unwrap(node.relation)?.node ?? {};
    const source = this.relation(relation, level, ctes);
    if (source.replaced)
      refuse('policy.unsupported', 'TABLESAMPLE cannot be used on a table with policies', {
        construct: 'TABLESAMPLE',
        position: this.toPosition(locationOf(relation)),
      });
    this.expressions([node.args, node.repeatable], level, ctes);
    return itemOf(source);
  }

  private relation(node: Tree, level: Scope, ctes: CteColumns): BoundSource {
    const schema = asText(node.schemaname);
    const name = asText(node.relname) ?? '';
    const alias = aliasOf(node);
    const shown = alias.name ?? name;
    if (schema === null && ctes.has(name))
      return sourceOf(shown, renamed(ctes.get(name) ?? null, alias.columns));
    const relation = this.binder.find(schema, name);
    if (!relation) return sourceOf(shown, null);
    const only = node.inh !== true;
    const protection = this.binder.protectionOf(relation, only);
    const bare = alias.name === null ? relation.schema : null;
    if (protection === null) {
      const columns = relation.columns.filter(({ visible }) => visible);
      const plain = columns.map((column) => ({ name: column.name, masked: false }));
      const source = sourceOf(shown, renamed(plain, alias.columns), { schema: bare, relation });
      this.tellApart(source, level);
      return source;
    }
    const columns = shownColumns(protection, this.options.inView);
    const source = sourceOf(shown, renamed(columns, alias.columns), {
      schema: bare,
      denied: this.options.inView ? new Set() : deniedColumns(protection),
      replaced: true,
      relation,
      primaryKey: relation.primaryKey.some((column) => protection.columns.has(column))
        ? []
        : relation.primaryKey,
    });
    this.replace(node, source, protection, alias.name !== null);
    this.tellApart(source, level);
    return source;
  }

  /** Two relations of one name in different schemas are told apart by those; derived tables have none. */
  private tellApart(source: BoundSource, level: Scope): void {
    const { alias, schema } = source;
    const same = level.levelSources.filter((other) => other.alias === alias && other.schema !== null);
    if (schema === null || same.length === 0) return;
    for (const other of [...same, source]) if (other.replaced) other.shown = `${other.schema}.${alias}`;
  }

  /** Puts the derived table where the name stands: `[ONLY] name [*]`, or behind `TABLE`. */
  private replace(node: Tree, source: BoundSource, protection: Protection, hasAlias: boolean): void {
    const only = node.inh !== true;
    let first = this.tokens.indexAt(this.toPosition(locationOf(node)));
    let last = this.tokens.endOfName(first);
    if (this.tokens.text(last + 1) === '*') last += 1;
    if (only && this.tokens.text(first - 1) === '(') {
      first -= 1;
      last += 1;
    }
    if (only) first -= 1;
    const isTable = this.tokens.text(first - 1) === 'table';
    if (isTable) first -= 1;
    this.filtered ||= protection.filtered;
    this.edits.push({
      start: this.tokens.all[first]!.start,
      end: this.tokens.all[last]!.end,
      text: () => {
        const derived = derivedTable(protection, {
          only,
          fence: protection.filtered && !this.plain,
          inView: this.options.inView,
          explained: this.options.explained,
          hashKey: this.binder.request.hashKey,
        });
        const named = hasAlias ? derived : `${derived} AS ${quoteIdentifier(source.shown)}`;
        return isTable ? `SELECT * FROM ${named}` : named;
      },
      holds: true,
    });
  }

  /** @returns the columns of a target list, `null` where a star stands for unknown ones */
  targets(list: unknown, level: Scope, ctes: CteColumns): readonly BoundColumn[] | null {
    let known = true;
    const columns = listOf(list).flatMap((target) => {
      const node = nodeOf(target);
      const star = this.starColumns(node.val, level);
      const before = this.touches;
      this.expressions([node.val], level, ctes);
      if (star === 'none')
        return [{ name: asText(node.name) ?? outputName(node.val), masked: this.touches > before }];
      known &&= star !== null;
      return star ?? [];
    });
    return known ? columns : null;
  }

  /** What `*`, `t.*` or `(…).*` gives; `'none'` for anything else. */
  private starColumns(value: unknown, level: Scope): readonly BoundColumn[] | null | 'none' {
    const found = unwrap(value);
    if (found?.kind === 'A_Indirection') return hasStar(found.node.indirection) ? null : 'none';
    if (found?.kind !== 'ColumnRef' || !hasStar(found.node.fields)) return 'none';
    const parts = nameParts(found.node.fields);
    if (parts.length > 0) return level.source(parts.at(-1) ?? '', parts.at(-2) ?? null)?.columns ?? null;
    const all = level.items.map(({ columns }) => columns);
    return all.includes(null) ? null : all.flatMap((columns) => columns ?? []);
  }

  /**
   * @param outputs names of the result that ORDER BY and GROUP BY may use instead of a column
   */
  expressions(
    values: readonly unknown[],
    level: Scope,
    ctes: CteColumns,
    outputs: readonly BoundColumn[] | null = [],
  ): void {
    for (const value of values) this.expression(value, level, ctes, outputs);
  }

  private expression(
    value: unknown,
    level: Scope,
    ctes: CteColumns,
    outputs: readonly BoundColumn[] | null,
  ): void {
    if (Array.isArray(value)) return this.expressions(value, level, ctes, outputs);
    if (!isTree(value)) return;
    for (const [kind, node] of Object.entries(value))
      if (isTree(node)) this.node(kind, node, level, ctes, outputs);
  }

  private node(
    kind: string,
    node: Tree,
    level: Scope,
    ctes: CteColumns,
    outputs: readonly BoundColumn[] | null = [],
  ): void {
    if (kind === 'SelectStmt') this.select(node, level, ctes);
    else if (kind === 'ColumnRef') this.columns.columnRef(node, level, outputs);
    else {
      if (kind === 'A_Indirection') this.columns.indirection(node, level);
      this.children(kind, node, level, ctes, outputs);
    }
  }

  children(
    kind: string,
    node: Tree,
    level: Scope,
    ctes: CteColumns,
    outputs: readonly BoundColumn[] | null = [],
  ): void {
    const shape = nodeShapes.get(kind);
    // `(a, b) = (SELECT …)` repeats its source for every column
    if (kind === 'MultiAssignRef' && node.colno !== undefined && node.colno !== 1) return;
    for (const [field, value] of Object.entries(node)) {
      const form = shape?.get(field);
      if (form === 'tree') this.expression(value, level, ctes, outputs);
      else if (form !== undefined && form !== 'leaf' && isTree(value))
        this.node(form, value, level, ctes, outputs);
    }
  }
}
