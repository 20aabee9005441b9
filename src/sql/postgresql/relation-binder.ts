import { quoteIdentifier, quoteRelation } from '../../common/quote/postgresql';
import {
  fullName,
  relationKey,
  type RelationDescription,
  type RelationName,
} from '../../common/relation-description';
import type { ColumnPolicy, MaskKind } from '../policy/relation-policy';
import type { ProtectedRelation, RewriteRequest } from '../policy/rewriting';
import { stricter } from '../policy/stricter';
import { refuse } from '../refused';
import { preparePolicyExpression, type PolicyExpression } from './policy-expression';
import { hasColumn, requireColumns, type Protection } from './protection';

/** A view's text as the viewer may read it; `null` when it reaches nothing that is protected. */
export interface InlinedView {
  /** `null` when nobody can tell what it reads. */
  readonly sql: string | null;
  readonly masked: readonly boolean[];
  /** A row filter holds for something it reads. */
  readonly filtered: boolean;
}

const opaque: InlinedView = { sql: null, masked: [], filtered: false };

/** What is computed from a column that is not shown would tell of it: it is NULL, unless it has a policy of its own. */
function hideComputed({ columns }: RelationDescription, policies: Map<string, ColumnPolicy>): void {
  for (const { name, computedFrom } of columns)
    if (!policies.has(name) && computedFrom?.some((column) => policies.has(column)))
      policies.set(name, { rule: 'mask', mask: 'null' });
}

/** Longest chain of views in views. */
const maxViewDepth = 32;

/** Finds what names mean and what holds for it. Shared by a statement and the views that it reaches. */
export class RelationBinder {
  readonly missing = new Map<string, RelationName>();
  readonly restsOn = new Map<string, RelationName>();
  readonly touched = new Map<string, ProtectedRelation>();
  private readonly protections = new Map<string, Protection | null>();
  private readonly open: string[] = [];

  constructor(
    readonly request: RewriteRequest,
    /** Rewrites the definition of a view. */
    private readonly inline: (definition: string, binder: RelationBinder) => InlinedView | null,
  ) {}

  /**
   * The relation a name means: the first of the search path that has it, the server's catalog before all.
   * @returns `undefined` while it is not known, `null` when there is none
   */
  find(schema: string | null, name: string): RelationDescription | null | undefined {
    const path = name.startsWith('pg_')
      ? ['pg_catalog', ...this.request.searchPath]
      : this.request.searchPath;
    for (const candidate of schema === null ? path : [schema]) {
      const relation = { schema: candidate, name };
      this.restsOn.set(relationKey(relation), relation);
      const found = this.request.describe(relation);
      if (found === undefined) {
        this.missing.set(relationKey(relation), relation);
        return undefined;
      }
      if (found !== null) return found;
    }
    return null;
  }

  /** @returns `null` where the relation may be read as it is */
  protectionOf(relation: RelationDescription, only: boolean): Protection | null {
    const id = relationKey(relation) + String(only);
    const known = this.protections.get(id);
    if (known !== undefined) return known;
    const protection = this.protect(relation, only);
    this.protections.set(id, protection);
    this.touch(relation, protection);
    return protection;
  }

  private protect(relation: RelationDescription, only: boolean): Protection | null {
    const { rowFilters, columns } = this.policiesOf(relation, only);
    // Versions of the server differ in the columns of their catalogs.
    if (this.isSystem(relation))
      for (const name of [...columns.keys()]) if (!hasColumn(relation, name)) columns.delete(name);
    requireColumns(relation, columns.keys());
    hideComputed(relation, columns);
    const opened = this.openView(relation);
    if (rowFilters.length === 0 && columns.size === 0 && opened === null) return null;
    const all = new Map(columns);
    if (opened?.sql === null)
      for (const column of relation.columns)
        all.set(column.name, stricter(all.get(column.name), { rule: 'mask', mask: 'null' }));
    return {
      relation,
      rowFilters: rowFilters.map((filter) => this.prepare(filter)),
      columns: all,
      expressions: this.expressionsOf(all),
      inlined: opened?.sql ?? null,
      maskedInside: opened?.masked ?? [],
      filtered: rowFilters.length > 0 || opened?.filtered === true,
    };
  }

  private policiesOf(
    relation: RelationDescription,
    only: boolean,
  ): { rowFilters: string[]; columns: Map<string, ColumnPolicy> } {
    const rowFilters: string[] = [];
    const columns = new Map<string, ColumnPolicy>();
    for (const name of [relation, ...relation.ancestors]) {
      const policy = this.request.policyOf(name);
      rowFilters.push(...(policy?.rowFilters ?? []));
      for (const [column, one] of policy?.columns ?? [])
        columns.set(column, stricter(columns.get(column), one));
    }
    // Rows of partitions show through: their masks hold for the column of this name, a filter of theirs has no place.
    for (const name of only ? [] : relation.descendants) {
      const policy = this.request.policyOf(name);
      if (policy && policy.rowFilters.length > 0)
        refuse(
          'policy.unsupported',
          `${fullName(relation)} shows rows of ${fullName(name)}, which has a row filter of its own: an administrator can put the filter on ${fullName(relation)}`,
        );
      for (const [column, one] of policy?.columns ?? [])
        if (relation.columns.some((own) => own.name === column))
          columns.set(column, stricter(columns.get(column), one));
    }
    return { rowFilters, columns };
  }

  private expressionsOf(columns: ReadonlyMap<string, ColumnPolicy>): ReadonlyMap<string, PolicyExpression> {
    return new Map(
      [...columns].flatMap(([name, policy]) =>
        policy.rule === 'mask' && policy.mask === 'expression'
          ? [[name, this.prepare(policy.expression)] as const]
          : [],
      ),
    );
  }

  private prepare(expression: string): PolicyExpression {
    return preparePolicyExpression(expression, this.request.variables, ({ name }) => {
      const found = this.find(null, name);
      // It is described before this is done again.
      return found === undefined ? { schema: '', name } : found;
    });
  }

  /** `sql: null` when nobody can tell what the view reads: none of its values are shown then. */
  private openView(relation: RelationDescription): InlinedView | null {
    const { kind, definition } = relation;
    if (kind !== 'view' && kind !== 'materialized_view') return null;
    if (this.isSystem(relation)) return null;
    if (definition === null) return opaque;
    const id = relationKey(relation);
    if (this.open.includes(id) || this.open.length >= maxViewDepth) return opaque;
    this.open.push(id);
    try {
      const inlined = this.inline(definition, this);
      if (inlined === null) return null;
      if (kind === 'view') return inlined;
      // Its rows were stored before: what of them was masked or filtered now cannot be told row by row.
      if (inlined.filtered)
        refuse(
          'policy.unsupported',
          `The materialized view ${fullName(relation)} stores rows of a table with a row filter: ask for the table itself`,
        );
      return this.stored(relation, inlined);
    } finally {
      this.open.pop();
    }
  }

  /** The stored values, without those that are masked at their base. */
  private stored(relation: RelationDescription, { masked }: InlinedView): InlinedView {
    if (masked.length !== relation.columns.length) return opaque;
    const columns = relation.columns.map(({ name, type }, index) =>
      masked[index] ? `NULL::${type} AS ${quoteIdentifier(name)}` : quoteIdentifier(name),
    );
    return {
      sql: `SELECT ${columns.join(', ')} FROM ${quoteRelation(relation)}`,
      masked,
      filtered: false,
    };
  }

  private isSystem({ schema }: RelationName): boolean {
    return schema === 'pg_catalog' || schema === 'information_schema';
  }

  private touch(relation: RelationDescription, protection: Protection | null): void {
    const masks: Record<string, MaskKind> = {};
    const denied: string[] = [];
    for (const [name, policy] of protection?.columns ?? [])
      if (policy.rule === 'deny') denied.push(name);
      else masks[name] = policy.mask;
    const { schema, name } = relation;
    this.touched.set(relationKey(relation), {
      schema,
      name,
      filtered: (protection?.rowFilters.length ?? 0) > 0,
      masks,
      denied,
    });
  }
}
