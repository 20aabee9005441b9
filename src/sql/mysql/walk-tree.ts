import { CteScope } from '../cte-scope';
import { FactsCollector } from '../facts-collector';
import type { StatementAccess } from '../facts';
import { isTree, listOf, type Tree } from '../json-tree';
import { maxWalkDepth, refuseNesting } from '../nesting';
import { refuse } from '../refused';
import { isSafeFunction } from './safe-functions';
import { knownKeys, refusedKeys, skippedKeys } from './tree-keys';

const saysNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0);

export interface TableName {
  readonly schema: string | null;
  readonly name: string;
  readonly quoted: boolean;
  readonly position: number | null;
}

const unsupported = (construct: string): never =>
  refuse('query.unsupported', `${construct} is not accepted here`, { construct });

/** The code that the parser saw is one line, so its columns (from 1) are offsets. */
function positionOf(identifier: Tree): number | null {
  const column = (identifier.span as { start?: { column?: number } } | undefined)?.start?.column;
  return typeof column === 'number' && column > 0 ? column - 1 : null;
}

/** An ObjectName: a list of `{ Identifier }`. */
export function readName(value: unknown): TableName {
  const parts = listOf(value).map((part) =>
    isTree(part) && isTree(part.Identifier) ? part.Identifier : unsupported('a name of this form'),
  );
  const name = parts.at(-1);
  if (name === undefined || parts.length > 2) return unsupported('a name of more than two parts');
  const schema = parts.at(-2);
  return {
    schema: schema === undefined ? null : String(schema.value),
    name: String(name.value),
    quoted: typeof name.quote_style === 'string',
    position: positionOf(schema ?? name),
  };
}

/** `TABLE t` as a query gives its names as text. */
function readTableQuery(table: Tree): TableName {
  const unquote = (text: string): string => {
    const inner = text.startsWith('`') ? text.slice(1, -1) : text;
    return inner.includes('`') ? unsupported('a name with a backtick after TABLE') : inner;
  };
  const { schema_name: schema } = table;
  return {
    schema: typeof schema === 'string' ? unquote(schema) : null,
    name: unquote(String(table.table_name)),
    quoted: true,
    position: null,
  };
}

/** Constructs found in the tree, to be compared with the words of the text. */
export interface Census {
  select: number;
  table: number;
  join: number;
  into: number;
}

/** Walks a tree of sqlparser-rs and collects what it touches; every key has to be in `knownKeys`. */
export class TreeWalker {
  readonly collector = new FactsCollector();
  readonly census: Census = { select: 0, table: 0, join: 0, into: 0 };
  private scope = new CteScope();
  private depth = 0;
  /** Whether a table reference, by its alias and by its name, is what the statement changes. */
  private isTarget: (called: string, name: string) => boolean = () => false;

  walk(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.walk(item);
    else if (isTree(value)) this.node(value);
  }

  node(node: Tree, omit: readonly string[] = []): void {
    this.depth += 1;
    if (this.depth > maxWalkDepth) refuseNesting();
    const outer = this.scope;
    if (isTree(node.with) && Array.isArray(node.with.cte_tables)) this.enterWith(node.with);
    for (const [key, value] of Object.entries(node)) {
      if (key === 'with' || saysNothing(value) || skippedKeys.has(key) || omit.includes(key)) continue;
      this.member(key, value);
    }
    this.scope = outer;
    this.depth -= 1;
  }

  private member(key: string, value: unknown): void {
    const visit = this.visits[key];
    if (visit !== undefined) return visit(value);
    if (!knownKeys.has(key)) {
      const known = refusedKeys.get(key);
      const construct = known?.construct ?? key.replaceAll('_', ' ').toUpperCase();
      const code = known?.writes === true ? 'query.read_only' : 'query.unsupported';
      refuse(code, `${construct} is not accepted here`, { construct });
    }
    this.walk(value);
  }

  /**
   * MySQL lets a clause see the ones before it and, with RECURSIVE, itself. MariaDB lets recursive ones see later ones
   * too; such a name is reported as a table, which asks for a permission too many rather than one too few.
   */
  private enterWith(clause: Tree): void {
    const inner = new CteScope(this.scope);
    this.scope = inner;
    for (const key of Object.keys(clause))
      if (!['with_token', 'recursive', 'cte_tables'].includes(key)) unsupported(key);
    for (const cte of listOf(clause.cte_tables)) {
      const { name } = isTree(cte) && isTree(cte.alias) ? cte.alias : {};
      const defined = isTree(name) ? String(name.value) : unsupported('a WITH clause of this form');
      if (clause.recursive === true) inner.define(defined);
      this.walk(cte);
      inner.define(defined);
    }
  }

  private readonly visits: Readonly<Record<string, (value: unknown) => void>> = {
    Select: (value) => {
      // The set operands of sqlparser are `{ Select: { projection, … } }`; nothing else is called so.
      this.census.select += 1;
      this.walk(value);
    },
    Table: (value) => (isTree(value) ? this.table(value) : unsupported('a table of this form')),
    join_operator: (value) => {
      this.census.join += 1;
      this.walk(value);
    },
    into: (value) => {
      if (value !== true)
        refuse('query.read_only', 'SELECT … INTO is not accepted here', { construct: 'SELECT … INTO' });
      this.census.into += 1;
    },
    Function: (value) => (isTree(value) ? this.call(value) : unsupported('a function of this form')),
    Insert: (value) => (isTree(value) ? this.insert(value) : unsupported('INSERT of this form')),
    Update: (value) => (isTree(value) ? this.update(value) : unsupported('UPDATE of this form')),
    Delete: (value) => (isTree(value) ? this.delete(value) : unsupported('DELETE of this form')),
    alias: (value) => this.alias(value),
    Custom: () => unsupported('a type of this name'),
  };

  /** The alias of a table; its columns may have types in other dialects. */
  private alias(value: unknown): void {
    if (isTree(value) && isTree(value.name)) this.walk(value.columns);
  }

  private table(table: Tree): void {
    if (table.table_name !== undefined) {
      this.census.table += 1;
      this.relation(readTableQuery(table), 'read');
      return;
    }
    if (!saysNothing(table.args)) unsupported('a table function');
    const name = readName(table.name);
    const alias =
      isTree(table.alias) && isTree(table.alias.name) ? String(table.alias.name.value) : name.name;
    this.relation(name, this.isTarget(alias, name.name) ? 'write' : 'read');
    this.node(table, ['name']);
  }

  private relation(table: TableName, access: StatementAccess): void {
    const { schema, name, quoted, position } = table;
    if (schema === null && !quoted && name.toLowerCase() === 'dual') return;
    if (access === 'read' && schema === null && this.scope.has(name)) return;
    this.collector.relation(schema, name, access, position);
  }

  private call(node: Tree): void {
    const { schema, name, position } = readName(node.name);
    const folded = name.toLowerCase();
    this.collector.function(schema, folded, isSafeFunction(schema, folded), position);
    this.node(node, ['name', ...(node.parameters === 'None' ? ['parameters'] : [])]);
  }

  private insert(node: Tree): void {
    if (isTree(node.Insert)) return this.insert(node.Insert);
    const target = node.table;
    if (!isTree(target) || !Array.isArray(target.TableName)) return unsupported('INSERT into this');
    this.relation(readName(target.TableName), 'write');
    this.node(node, ['table', ...(node.table_alias === undefined ? [] : ['table_alias'])]);
  }

  /** UPDATE a JOIN b SET b.x = …: the tables whose columns are set are written, the others read. */
  private update(node: Tree): void {
    if (isTree(node.Update)) return this.update(node.Update);
    const targets = listOf(node.assignments).map((assignment) => this.assigned(assignment));
    const single = isTree(node.table) && listOf(node.table.joins).length === 0;
    this.withTargets(single || targets.includes(null) ? null : new Set(targets), node.table);
    this.node(node, ['table']);
  }

  /** The table that an assignment names before the column, or `null`. */
  private assigned(assignment: unknown): string | null {
    const target = isTree(assignment) && isTree(assignment.target) ? assignment.target.ColumnName : undefined;
    const parts = listOf(target);
    if (parts.length < 2) return null;
    return readName(parts.slice(-2)).schema;
  }

  /** DELETE a FROM a JOIN b and DELETE FROM a USING a JOIN b name what is deleted apart from what is read. */
  private delete(node: Tree): void {
    if (isTree(node.Delete)) return this.delete(node.Delete);
    const from = isTree(node.from) ? listOf(node.from.WithFromKeyword) : [];
    if (from.length === 0) unsupported('DELETE of this form');
    const named = listOf(node.tables).map((name) => readName(name).name);
    if (!saysNothing(node.using)) {
      this.withTargets(null, from);
      this.walk(node.using);
    } else this.withTargets(named.length === 0 ? null : new Set(named), from);
    this.node(node, ['from', 'using', 'tables']);
  }

  /** Walks table references of which those called one of `targets` (all when `null`) are written. */
  private withTargets(targets: ReadonlySet<string | null> | null, references: unknown): void {
    const matched = new Set<string>();
    const outer = this.isTarget;
    this.isTarget = (called, name) => {
      for (const candidate of [called, name])
        if (targets === null || targets.has(candidate)) {
          matched.add(candidate);
          return true;
        }
      return false;
    };
    this.walk(references);
    this.isTarget = outer;
    for (const target of targets ?? [])
      if (target !== null && !matched.has(target)) unsupported('a change of a table that FROM does not name');
  }
}
