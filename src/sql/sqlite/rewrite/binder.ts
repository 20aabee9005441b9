import { quoteIdentifier } from '../../../common/quote/sqlite';
import type { RelationDescription } from '../../../common/relation-description';
import { refuseNesting } from '../../nesting';
import { refuse } from '../../refused';
import type { Tree } from '../parse-sqlite';
import { isSafeTableFunction } from '../safe-functions';
import { fold } from '../walk-tree';
import { CteLevel } from './cte-level';
import { joinSources } from './join-sources';
import {
  plainSource,
  refuseColumn,
  Scope,
  type Found,
  type Output,
  type OutputColumn,
  type Source,
} from './scope';
import { tableFunctionColumns } from './table-functions';
import type { TextEdits } from './text-edits';
import { below, child, children, endOf, nameOf, startOf } from './tree';

/** What stands for a relation: written instead of its name, with the columns it then has. */
export interface Stand {
  readonly description: RelationDescription;
  /** A SELECT in parentheses; `null` where the relation is read as it is. */
  readonly text: string | null;
  readonly columns: readonly OutputColumn[];
  readonly unlisted: readonly OutputColumn[];
  readonly denied: ReadonlyMap<string, string>;
  readonly rowId: Source['rowId'];
}

/** How the relations and names of one text are to be read. */
export interface Reading {
  readonly text: string;
  /** @returns `null` when there is no such relation */
  standFor(name: string): Stand | null;
  /** Writes every relation with its schema: the text will stand inside another. */
  readonly qualify: boolean;
  /** Called for names that nothing in the text explains: in another text they could mean something else. */
  unresolved(name: string, position: number): void;
  /** What is written for a parameter; `null` leaves it. */
  parameter(name: string, position: number): string | null;
  used?(found: Found): void;
  /** Whether any relation that the statement reaches has a mask. */
  readonly masksAnything: boolean;
}

/** Queries bound at most; recursive clauses inside of recursive clauses are bound over and over. */
const maxSelects = 5_000;

const sortedMember = 'orderBy';

/**
 * Binds the names of one text and notes what has to change: relations become what stands for them, and names that
 * would no longer be understood, or would mean something hidden, are changed or refused.
 */
export class Binder {
  private selects = 0;

  constructor(
    private readonly reading: Reading,
    readonly edits: TextEdits,
  ) {}

  select(node: Tree, outer: Scope | null, outerCtes: CteLevel | null): Output {
    this.selects += 1;
    if (this.selects > maxSelects) refuseNesting(startOf(node));
    const ctes = this.enterWith(node, outer, outerCtes);
    const arms = [
      child(node, 'select'),
      ...children(node, 'compounds').map((compound) => child(compound, 'select')),
    ].filter((arm) => arm !== null);
    const bound = arms.map((arm) => this.arm(arm, outer, ctes));
    const [first] = bound;
    if (first === undefined) return { columns: [], open: true };
    const open = bound.some(({ output }) => output.open);
    const columns = first.output.columns.map((column, index) => ({
      name: column.name,
      masked: bound.some(({ output }) => output.columns[index]?.masked ?? open),
    }));
    this.sorted(node, bound.length === 1 ? first.scope : compoundScope(bound, outer), ctes);
    const limit = child(node, 'limit');
    if (limit !== null) this.expression(limit, new Scope([], outer), ctes);
    if (ctes !== outerCtes) ctes?.finish();
    return { columns, open };
  }

  /** ORDER BY: a term that is nothing but a name means the result's column of that name first. */
  private sorted(node: Tree, scope: Scope, ctes: CteLevel | null): void {
    for (const term of children(node, sortedMember)) {
      const expression = child(term, 'expr');
      if (expression === null) continue;
      const bare = unwrapped(expression);
      if (bare.type === 'Id' && scope.aliases.has(fold(nameOf(bare)))) continue;
      this.expression(expression, scope, ctes);
    }
  }

  enterWith(node: Tree, outer: Scope | null, outerCtes: CteLevel | null): CteLevel | null {
    const clause = child(node, 'with');
    if (clause === null) return outerCtes;
    return new CteLevel(children(clause, 'ctes'), outerCtes, (select, level) =>
      this.select(select, outer, level),
    );
  }

  private arm(
    node: Tree,
    outer: Scope | null,
    ctes: CteLevel | null,
  ): { readonly output: Output; readonly scope: Scope } {
    if (node.type === 'SelectValues') return this.values(node, outer, ctes);
    const from = child(node, 'from');
    const scope = from === null ? new Scope([], outer) : this.from(from, outer, ctes);
    const output = this.resultColumns(children(node, 'columns'), scope, ctes);
    for (const member of ['whereClause', 'having'] as const) {
      const clause = child(node, member);
      if (clause !== null) this.expression(clause, scope, ctes);
    }
    for (const part of [...children(node, 'groupBy'), ...children(node, 'windowClause')])
      this.expression(part, scope, ctes);
    return { output, scope };
  }

  private values(node: Tree, outer: Scope | null, ctes: CteLevel | null): { output: Output; scope: Scope } {
    const scope = new Scope([], outer);
    const rows = children(node, 'values').map((row) =>
      children(row, 'values').map((value) => this.expression(value, scope, ctes)),
    );
    const columns = (rows[0] ?? []).map((_, index) => ({
      name: `column${index + 1}`,
      masked: rows.some((row) => row[index]),
    }));
    return { output: { columns, open: false }, scope };
  }

  /** The sources of a FROM clause, joined; ON and the arguments of table functions see all of them. */
  from(clause: Tree, outer: Scope | null, ctes: CteLevel | null, before: readonly Source[] = []): Scope {
    const later: Tree[] = [];
    const joins = joinSources(clause, (table) => this.sources(table, outer, ctes, later));
    const scope = new Scope([...before, ...joins.sources], outer);
    for (const expression of [...later, ...joins.conditions]) this.expression(expression, scope, ctes);
    return scope;
  }

  private sources(table: Tree, outer: Scope | null, ctes: CteLevel | null, later: Tree[]): readonly Source[] {
    const alias = child(table, 'alias');
    const given = alias === null ? null : nameOf(child(alias, 'name') ?? alias);
    const names = given === null ? [] : [fold(given)];
    if (table.type === 'SelectSelectTable') {
      const select = child(table, 'select');
      const output = select === null ? { columns: [], open: true } : this.select(select, outer, ctes);
      return [{ ...plainSource, ...output, names }];
    }
    if (table.type === 'SubSelectTable') {
      const inner = child(table, 'from');
      if (inner === null) return [];
      const joins = joinSources(inner, (each) => this.sources(each, outer, ctes, later));
      later.push(...joins.conditions);
      return joins.sources.map((source) => ({ ...source, names: [...source.names, ...names] }));
    }
    const name = child(table, 'tblName');
    if (name === null) return [];
    if (table.type === 'TableCallSelectTable') {
      later.push(...children(table, 'args'));
      const written = nameOf(child(name, 'objName') ?? name);
      const masked = this.reading.masksAnything && children(table, 'args').some(readsColumns);
      return [
        { ...tableFunctionColumns(fold(written), masked), names: given === null ? [fold(written)] : names },
      ];
    }
    return [this.reference(name, given, table, ctes)];
  }

  /** A table, view or CTE in FROM. */
  private reference(name: Tree, alias: string | null, table: Tree, ctes: CteLevel | null): Source {
    const object = child(name, 'objName') ?? name;
    const schema = child(name, 'dbName');
    const written = nameOf(object);
    const names = [fold(alias ?? written)];
    const cte = schema === null ? (ctes?.output(fold(written)) ?? null) : null;
    if (cte !== null) return { ...plainSource, ...cte, names };
    const stand = this.stand(schema, written);
    if (stand === null) {
      if (schema === null && isSafeTableFunction(fold(written)))
        return { ...tableFunctionColumns(fold(written), this.reading.masksAnything), names };
      return { ...plainSource, columns: [], open: true, names };
    }
    const spliced = this.put(stand, schema, object, (text) =>
      alias === null ? `${text} AS ${quoteIdentifier(written)}` : text,
    );
    const indexed = child(table, 'indexed');
    // a derived table takes no hint; the rows are the same without it
    if (spliced && indexed !== null) this.edits.replace(startOf(indexed), endOf(indexed), '');
    return {
      ...plainSource,
      columns: stand.columns,
      unlisted: stand.unlisted,
      denied: stand.denied,
      open: false,
      names,
      relation: stand.description.name,
      spliced,
      rowId: stand.rowId,
      schemaQualified: true,
    };
  }

  private stand(schema: Tree | null, written: string): Stand | null {
    return schema === null || fold(nameOf(schema)) === 'main' ? this.reading.standFor(fold(written)) : null;
  }

  private put(
    stand: Stand,
    schema: Tree | null,
    object: Tree,
    around: (text: string) => string = (text) => text,
  ): boolean {
    const start = startOf(schema ?? object);
    if (stand.text !== null) this.edits.replace(start, endOf(object), around(stand.text));
    else if (this.reading.qualify && schema === null) this.edits.insert(start, 'main.');
    return stand.text !== null;
  }

  resultColumns(columns: readonly Tree[], scope: Scope, ctes: CteLevel | null): Output {
    const output: OutputColumn[] = [];
    const aliases = new Map<string, boolean>();
    let open = false;
    for (const column of columns) {
      if (column.type !== 'ExprResultColumn') {
        const table = child(column, 'table');
        const sources =
          table === null
            ? scope.sources
            : scope.sources.filter(({ names }) => names.includes(fold(nameOf(table))));
        if (sources.length === 0 || sources.some((source) => source.open)) open = true;
        for (const source of sources) {
          const joined = table === null ? source.joined : undefined;
          output.push(
            ...source.columns
              .filter(({ name }) => joined?.has(fold(name)) !== true)
              .map((one) => this.listed(one, scope)),
          );
        }
        continue;
      }
      const { name, alias, masked } = this.resultColumn(column, scope, ctes);
      if (alias !== null) aliases.set(fold(alias), masked || (aliases.get(fold(alias)) ?? false));
      output.push({ name, masked });
    }
    scope.aliases = aliases;
    return { columns: output, open };
  }

  /** A column out of `*`, which may be one of several that a join made one. */
  private listed(column: OutputColumn, scope: Scope): OutputColumn {
    const masked =
      scope.sources.length === 1
        ? column.masked
        : scope.sources.some(({ columns }) =>
            columns.some((other) => other.masked && fold(other.name) === fold(column.name)),
          );
    return { name: column.name, masked: masked || column.masked };
  }

  resultColumn(
    node: Tree,
    scope: Scope,
    ctes: CteLevel | null,
  ): { readonly name: string; readonly alias: string | null; readonly masked: boolean } {
    const expression = child(node, 'expr') ?? node;
    const given = child(node, 'alias');
    const alias = given === null ? null : nameOf(child(given, 'name') ?? given);
    const masked = this.expression(expression, scope, ctes);
    if (alias !== null) return { name: alias, alias, masked };
    const written = this.reading.text.slice(startOf(expression), endOf(expression));
    const bare = unwrapped(expression);
    const isName = bare.type === 'Id' || bare.type === 'NameExpr' || bare.type === 'QualifiedExpr';
    const column = bare.type === 'QualifiedExpr' ? child(bare, 'column') : bare;
    const name = isName && column !== null ? nameOf(column) : written;
    // SQLite calls a column by its text where no name is given: the change must not show
    const value = this.edits.at(startOf(expression), endOf(expression));
    const isChanged = isName
      ? value !== undefined && !/^"(?:[^"]|"")*"$/.test(value)
      : this.edits.touch(startOf(expression), endOf(expression));
    if (isChanged) this.edits.insert(endOf(expression), ` AS ${quoteIdentifier(name)}`);
    return { name, alias: null, masked };
  }

  /** @returns whether the value can be made of masked ones */
  expression(node: Tree, scope: Scope, ctes: CteLevel | null): boolean {
    const special = this.special(node, scope, ctes);
    if (special !== null) return special;
    let masked = false;
    for (const part of below(node)) {
      // a function's name is an Id too
      if (part === node.name) continue;
      masked = this.expression(part, scope, ctes) || masked;
    }
    return masked;
  }

  private special(node: Tree, scope: Scope, ctes: CteLevel | null): boolean | null {
    switch (node.type) {
      case 'Id':
      case 'NameExpr':
        return this.column(node, null, null, node, scope);
      case 'QualifiedExpr': {
        const column = child(node, 'column');
        return column === null
          ? null
          : this.column(node, child(node, 'schema'), child(node, 'table'), column, scope);
      }
      case 'Select': {
        const { columns, open } = this.select(node, scope, ctes);
        return columns.some(({ masked }) => masked) || (open && columns.length === 0);
      }
      case 'ExistsExpr':
        this.below(node, scope, ctes);
        return false;
      case 'InTableExpr':
        return this.inTable(node, scope, ctes);
      case 'VariableExpr': {
        const text = this.reading.parameter(String(node.name), startOf(node));
        if (text !== null) this.edits.replace(startOf(node), endOf(node), text);
        return false;
      }
      // names that are no columns
      case 'Type':
      case 'Name':
      case 'NameOver':
        return false;
      default:
        return null;
    }
  }

  private below(node: Tree, scope: Scope, ctes: CteLevel | null): void {
    for (const part of below(node)) this.expression(part, scope, ctes);
  }

  /** `x IN tbl` and `x IN f(1)`. */
  private inTable(node: Tree, scope: Scope, ctes: CteLevel | null): boolean {
    const left = child(node, 'lhs');
    let masked = left !== null && this.expression(left, scope, ctes);
    for (const argument of children(node, 'args')) masked = this.expression(argument, scope, ctes) || masked;
    const name = child(node, 'rhs');
    const object = name && child(name, 'objName');
    if (node.args !== undefined || name === null || object === null) return masked;
    const schema = child(name, 'dbName');
    const cte = schema === null ? (ctes?.output(fold(nameOf(object))) ?? null) : null;
    if (cte !== null) return masked || cte.columns.some((column) => column.masked);
    const stand = this.stand(schema, nameOf(object));
    if (stand === null) return masked;
    this.put(stand, schema, object);
    return masked || stand.columns.some((column) => column.masked);
  }

  private column(whole: Tree, schema: Tree | null, table: Tree | null, column: Tree, scope: Scope): boolean {
    const name = nameOf(column);
    const position = startOf(whole);
    const found = scope.resolve({
      schema: schema && nameOf(schema),
      table: table && nameOf(table),
      column: name,
      position,
    });
    if (found === null) {
      // words that are values unless a column has the name
      if (table !== null || !/^(?:true|false)$/i.test(name)) this.reading.unresolved(name, position);
      return false;
    }
    if (found === 'open') return false;
    this.reading.used?.(found);
    const { source } = found;
    if (found.column.unreadable !== undefined)
      refuse('permission.column_denied', found.column.unreadable, { construct: name, position });
    if (found.column.instead !== undefined) {
      if (found.depth > 0) refuseColumn(name, source?.relation ?? '', position);
      this.edits.replace(startOf(whole), endOf(whole), found.column.instead);
      return true;
    }
    if (source?.spliced === true) {
      if (schema !== null && table !== null) this.edits.replace(startOf(schema), startOf(table), '');
      if (found.isRowId)
        this.edits.replace(startOf(column), endOf(column), quoteIdentifier(found.column.name));
    }
    return found.column.masked;
  }
}

const readsColumns = (node: Tree): boolean =>
  node.type === 'Id' ||
  node.type === 'NameExpr' ||
  node.type === 'QualifiedExpr' ||
  below(node).some((part) => part !== node.name && readsColumns(part));

/** What SQLite looks through before it asks whether a term is just a name. */
function unwrapped(expression: Tree): Tree {
  const inner =
    expression.type === 'CollateExpr'
      ? child(expression, 'expr')
      : expression.type === 'ParenthesizedExpr' && children(expression, 'exprs').length === 1
        ? children(expression, 'exprs')[0]!
        : null;
  return inner === null ? expression : unwrapped(inner);
}

/** The terms of a compound's ORDER BY name columns of its result, by the names of any of its arms. */
function compoundScope(
  arms: readonly { readonly output: Output; readonly scope: Scope }[],
  outer: Scope | null,
): Scope {
  const scope = new Scope([], outer);
  scope.aliases = new Map(
    arms.flatMap(({ output, scope: { aliases } }) => [
      ...output.columns.map(({ name, masked }): [string, boolean] => [fold(name), masked]),
      ...aliases,
    ]),
  );
  return scope;
}
