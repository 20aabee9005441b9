import { tokenName, tokenize } from 'sqlite3-parser';
import type { ErrorCode } from '../../../common/errors/catalog';
import { quoteIdentifier } from '../../../common/quote/sqlite';
import { refuse } from '../../refused';
import type { Tree } from '../parse-sqlite';
import { fold } from '../walk-tree';
import { Binder, type Reading } from './binder';
import type { CteLevel } from './cte-level';
import type { Reached } from './reach';
import { plainSource, refuseColumn, Scope, type OutputColumn, type Source } from './scope';
import { rowIdBehind, type Stands } from './stands';
import type { TextEdits } from './text-edits';
import { child, children, endOf, nameOf, startOf } from './tree';

/** The table a statement writes. */
interface Target {
  readonly reached: Reached;
  /** Folded name that expressions reach it by. */
  readonly name: string;
  readonly alias: string;
}

const byAdministrator = 'an administrator of the connection can permit it';

/** Binds INSERT, UPDATE and DELETE. What they write stands in the real table, so nothing masked may flow there. */
export class WriteBinder {
  private readonly binder: Binder;

  constructor(
    private readonly text: string,
    reading: Reading,
    private readonly stands: Stands,
    private readonly edits: TextEdits,
    private readonly isPlain: boolean,
  ) {
    this.binder = new Binder(reading, edits);
  }

  /** @returns for each column of RETURNING whether it is masked; `null` without one */
  bind(node: Tree): readonly boolean[] | null {
    const ctes = this.binder.enterWith(node, null, null);
    const target = this.target(node);
    if (node.type === 'InsertStmt') this.insert(node, target, ctes);
    else this.change(node, target, ctes);
    const masked = this.returning(node, target, ctes);
    ctes?.finish();
    return masked;
  }

  private target(node: Tree): Target | null {
    const name = child(node, 'tblName');
    const object = name && child(name, 'objName');
    const schema = name && child(name, 'dbName');
    if (name === null || object === null || (schema !== null && fold(nameOf(schema)) !== 'main')) return null;
    const reached = this.stands.reached(fold(nameOf(object)));
    if (reached === null) return null;
    const alias = nameOf(child(name, 'alias') ?? object);
    if (this.stands.isProtected(reached)) this.stands.requireOwnRows(reached);
    if (reached.description.kind === 'view' && this.stands.isProtected(reached))
      this.refuse(
        'permission.write_denied',
        `${reached.description.name} shows what a policy holds back, so that nothing is written through it`,
        object,
      );
    return { reached, name: fold(alias), alias };
  }

  private insert(node: Tree, target: Target | null, ctes: CteLevel | null): void {
    const body = child(node, 'body');
    const select = body && child(body, 'select');
    const columns = children(node, 'columns');
    if (target !== null) {
      const { description, filters, rules } = target.reached;
      if (filters.length > 0)
        this.refuse(
          'permission.row_denied',
          `Rows cannot be added to ${description.name}, of which you see only some; ${byAdministrator}`,
          node,
        );
      for (const column of columns) this.requireWritable(target, column);
      const denied = description.columns.find(
        (column) => column.visible && rules.get(fold(column.name))?.rule === 'deny',
      );
      if (columns.length === 0 && select !== null && denied)
        refuseColumn(denied.name, description.name, startOf(node));
    }
    if (select !== null && this.binder.select(select, null, ctes).columns.some(({ masked }) => masked))
      this.refuseMaskedValue(select);
    for (let upsert = body && child(body, 'upsert'); upsert !== null; upsert = child(upsert, 'next'))
      this.upsert(upsert, target, ctes);
  }

  private upsert(node: Tree, target: Target | null, ctes: CteLevel | null): void {
    const excluded: Source = {
      ...plainSource,
      columns: target?.reached.description.columns.map(({ name }) => ({ name, masked: false })) ?? [],
      open: target === null,
      names: ['excluded'],
      rowId: 'own',
      qualifiedOnly: true,
    };
    const scope = new Scope(target === null ? [excluded] : [this.source(target), excluded], null);
    const index = child(node, 'index');
    if (index !== null) this.binder.expression(index, scope, ctes);
    const action = child(node, 'doClause');
    if (action === null) return;
    this.sets(action, target, scope, ctes);
    const where = child(action, 'whereClause');
    if (where !== null) this.binder.expression(where, scope, ctes);
  }

  private sets(node: Tree, target: Target | null, scope: Scope, ctes: CteLevel | null): void {
    for (const assignment of children(node, 'sets')) {
      for (const column of children(assignment, 'colNames'))
        if (target !== null) this.requireWritable(target, column);
      const value = child(assignment, 'expr');
      if (value !== null && this.binder.expression(value, scope, ctes)) this.refuseMaskedValue(value);
    }
  }

  private requireWritable({ reached: { description, rules } }: Target, column: Tree): void {
    const name = nameOf(column);
    if (rules.get(fold(name))?.rule === 'deny') refuseColumn(name, description.name, startOf(column));
  }

  /** UPDATE and DELETE: the row filter is one more condition. */
  private change(node: Tree, target: Target | null, ctes: CteLevel | null): void {
    const from = child(node, 'from');
    const source: Source[] = target === null ? [] : [this.source(target)];
    const scope = from === null ? new Scope(source, null) : this.binder.from(from, null, ctes, source);
    this.sets(node, target, scope, ctes);
    const where = child(node, 'whereClause');
    if (where !== null) this.binder.expression(where, scope, ctes);
    for (const member of ['orderBy', 'limit'] as const) {
      const parts = member === 'limit' ? [child(node, member)] : children(node, member);
      for (const part of parts) if (part !== null) this.binder.expression(part, scope, ctes);
    }
    if (target === null || target.reached.filters.length === 0) return;
    this.keepRows(node, target);
    this.addFilter(node, where, this.condition(target));
  }

  /** What is changed must stay where the viewer sees it, and must not push out what the viewer does not see. */
  private keepRows(node: Tree, { reached }: Target): void {
    const { description } = reached;
    if (node.type !== 'UpdateStmt') return;
    if (node.orConflict === 'Replace')
      this.refuse(
        'permission.row_denied',
        `UPDATE OR REPLACE could delete rows of ${description.name} that you do not see; ${byAdministrator}`,
        node,
      );
    const read = new Set(this.columnsOfFilters(reached));
    const computed = description.columns.filter((column) => read.has(fold(column.name)));
    for (const source of computed.flatMap((column) => column.computedFrom ?? [])) read.add(fold(source));
    for (const column of children(node, 'sets').flatMap((assignment) => children(assignment, 'colNames'))) {
      const name = fold(nameOf(column));
      const isKey =
        /^(?:rowid|oid|_rowid_)$/.test(name) || description.primaryKey.some((key) => fold(key) === name);
      if (read.has(name) || (isKey && read.has('rowid')))
        this.refuse(
          'permission.row_denied',
          `${nameOf(column)} decides which rows of ${description.name} you see, so you cannot change it; ${byAdministrator}`,
          column,
        );
    }
  }

  private columnsOfFilters(reached: Reached): string[] {
    return reached.filters.flatMap((filter) =>
      this.stands
        .ofTable(reached, filter)
        .used.map(({ column, isRowId }) => (isRowId ? 'rowid' : fold(column.name))),
    );
  }

  /**
   * The row filters over the target. Its columns are written with the target's name; a filter with queries of its own,
   * in which that name could mean something else, is asked by key instead.
   */
  private condition({ reached, alias }: Target): string {
    const { description, filters } = reached;
    const qualifier = quoteIdentifier(alias);
    const usesRowId = this.columnsOfFilters(reached).includes('rowid');
    if (!usesRowId && filters.every(({ hasSubquery }) => !hasSubquery)) {
      const columns = description.columns.map(({ name }) => ({
        name,
        masked: false,
        instead: `${qualifier}.${quoteIdentifier(name)}`,
      }));
      return filters
        .map((filter) => `(${this.stands.ofTable(reached, filter, { columns, unlisted: [] }).text})`)
        .join(' AND ');
    }
    const hidden = description.columns.find(
      (column) => !column.visible && /^(?:rowid|oid|_rowid_)$/i.test(column.name),
    );
    const keys = hidden ? [hidden.name] : description.primaryKey;
    if (keys.length === 0)
      this.refuse(
        'permission.row_denied',
        `${description.name} has no key by which its rows can be told apart`,
        null,
      );
    const tuple = (prefix: string): string => keys.map((key) => prefix + quoteIdentifier(key)).join(', ');
    const where = filters.map((filter) => `(${this.stands.ofTable(reached, filter).text})`).join(' AND ');
    return `(${tuple(`${qualifier}.`)}) IN (SELECT ${tuple('')} FROM main.${quoteIdentifier(description.name)} WHERE ${where})`;
  }

  /** CASE evaluates in order (https://sqlite.org/lang_expr.html#the_case_expression), AND in any. */
  private addFilter(node: Tree, where: Tree | null, condition: string): void {
    if (where === null) {
      this.edits.insert(this.endOfSource(node), ` WHERE ${condition}`);
      return;
    }
    const [before, after] = this.isPlain
      ? [`${condition} AND (`, ')']
      : [`CASE WHEN ${condition} THEN (`, ') END'];
    this.edits.insert(startOf(where), before);
    this.edits.insert(endOf(where), after);
  }

  /** Where a WHERE clause would stand: before RETURNING, ORDER BY or LIMIT, or at the end. */
  private endOfSource(node: Tree): number {
    let depth = 0;
    let end = startOf(node);
    for (const token of tokenize(this.text)) {
      if (token.span.offset < startOf(node)) continue;
      const type = tokenName(token.type);
      if (depth === 0 && /^(?:RETURNING|ORDER|LIMIT|SEMI)$/.test(type ?? '')) break;
      if (type === 'LP') depth += 1;
      if (type === 'RP') depth -= 1;
      end = token.span.offset + token.span.length;
    }
    return end;
  }

  /** The target as WHERE and SET see it: with its real values, so that what is masked cannot be read. */
  private source({ reached, name }: Target): Source {
    const { description, rules } = reached;
    const columns = description.columns.map((column): OutputColumn => {
      const masked = rules.get(fold(column.name))?.rule === 'mask';
      const unreadable = `The column ${column.name} of ${description.name} is masked for you, so a write can neither read nor compare it; ${byAdministrator}`;
      return { name: column.name, masked, ...(masked && { unreadable }) };
    });
    const visible = columns.filter((_, index) => description.columns[index]?.visible);
    return {
      ...this.named(reached, name),
      columns: visible.filter((column) => !this.isDenied(reached, column.name)),
      unlisted: columns.filter((column) => !visible.includes(column)),
    };
  }

  private isDenied({ rules }: Reached, name: string): boolean {
    return rules.get(fold(name))?.rule === 'deny';
  }

  private named(reached: Reached, name: string): Source {
    const { description } = reached;
    const rowId = rowIdBehind(reached);
    const hidesKey = [...description.primaryKey, 'rowid', 'oid', '_rowid_'].some((key) =>
      reached.rules.has(fold(key)),
    );
    return {
      ...plainSource,
      columns: [],
      open: false,
      names: [name],
      denied: new Map(
        description.columns
          .filter((column) => this.isDenied(reached, column.name))
          .map((column) => [fold(column.name), column.name]),
      ),
      relation: description.name,
      // here the real row id is meant, which tells nothing unless it is a column that does
      rowId: rowId === 'refused' && hidesKey ? 'refused' : 'own',
      schemaQualified: true,
    };
  }

  private returning(node: Tree, target: Target | null, ctes: CteLevel | null): readonly boolean[] | null {
    const columns = children(node, 'returning');
    if (columns.length === 0) return null;
    if (target === null)
      return this.binder
        .resultColumns(
          columns,
          new Scope([{ ...plainSource, columns: [], open: true, names: [] }], null),
          ctes,
        )
        .columns.map(({ masked }) => masked);
    const { reached } = target;
    const { description } = reached;
    const shown = description.columns.filter(
      (column) => column.visible && !this.isDenied(reached, column.name),
    );
    const output = shown.map((column): OutputColumn => {
      const masked = reached.rules.has(fold(column.name));
      return { name: column.name, masked, ...(masked && { instead: this.stands.mask(reached, column) }) };
    });
    const unlisted = description.columns
      .filter((column) => !column.visible)
      .map(({ name }) => ({ name, masked: false }));
    const source: Source = { ...this.named(reached, fold(description.name)), columns: output, unlisted };
    if (reached.rules.size > 0) {
      const list = output
        .map(({ name, instead }) =>
          instead === undefined ? quoteIdentifier(name) : `${instead} AS ${quoteIdentifier(name)}`,
        )
        .join(', ');
      for (const column of columns) {
        // the span of a star begins with the clause and ends with the star
        if (column.type === 'StarResultColumn') this.edits.replace(endOf(column) - 1, endOf(column), list);
      }
    }
    return this.binder
      .resultColumns(columns, new Scope([source], null), ctes)
      .columns.map(({ masked }) => masked);
  }

  private refuseMaskedValue(node: Tree): never {
    return this.refuse(
      'permission.column_denied',
      `What is written would be made of masked values; ${byAdministrator}`,
      node,
    );
  }

  private refuse(code: ErrorCode, detail: string, node: Tree | null): never {
    return refuse(code, detail, { position: node && startOf(node) });
  }
}
