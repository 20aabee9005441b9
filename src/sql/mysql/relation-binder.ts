import { relationKey, type RelationDescription, type RelationName } from '../../common/relation-description';
import type { RelationRef } from '../facts';
import type { ColumnPolicy, MaskKind } from '../policy/relation-policy';
import type { ProtectedRelation, RewriteRequest } from '../policy/rewriting';
import { columnsOf, type InlinedView, type PolicyExpression, type Protection } from './protection';

/** What rewrites the texts that stand behind names: definitions of views, and administrators' expressions. */
export interface TextBinder {
  /** @returns `null` when the view reaches nothing protected, `'opaque'` when nobody can tell what it reads */
  view(relation: RelationDescription, binder: RelationBinder): Promise<InlinedView | 'opaque' | null>;
  expression(
    expression: string,
    relation: RelationDescription,
    binder: RelationBinder,
  ): Promise<PolicyExpression>;
}

export interface Bound {
  readonly relation: RelationDescription;
  /** `null` where the relation may be read as it is. */
  readonly protection: Protection | null;
}

/** Longest chain of views in views. */
const maxViewDepth = 32;

/** Tables that a storage engine of MariaDB makes up when they are named ("Sequence Storage Engine"). */
const sequence = /^seq_\d+_to_\d+(?:_step_\d+)?$/i;

/**
 * Finds what names mean and what holds for them, before a text is rewritten. Shared by a statement and all that it
 * reaches.
 */
export class RelationBinder {
  readonly missing = new Map<string, RelationName>();
  readonly restsOn = new Map<string, RelationName>();
  readonly touched = new Map<string, ProtectedRelation>();
  /** Some mask or filter is no plain comparison, so that filters need a fence. */
  needsFence = false;
  private readonly bound = new Map<string, Bound | null>();
  private readonly open: string[] = [];

  constructor(
    readonly request: RewriteRequest,
    private readonly texts: TextBinder,
  ) {}

  /** Schema and name a reference means; there is one database that bare names are looked for in. */
  resolve({ schema, name }: RelationName): RelationName {
    return { schema: schema ?? this.request.searchPath[0] ?? null, name };
  }

  /** What was loaded for a reference: `undefined` while it is not known, `null` when there is none. */
  find(reference: RelationName): Bound | null | undefined {
    return this.bound.get(relationKey(this.resolve(reference)));
  }

  describe(reference: RelationName): RelationDescription | null | undefined {
    const relation = this.resolve(reference);
    this.restsOn.set(relationKey(relation), relation);
    const found = this.request.describe(relation);
    if (found === undefined) this.missing.set(relationKey(relation), relation);
    return found === null && sequence.test(relation.name) ? sequenceTable(relation) : found;
  }

  async load(references: readonly RelationRef[]): Promise<void> {
    for (const reference of references) {
      const id = relationKey(this.resolve(reference));
      if (this.bound.has(id)) continue;
      const relation = this.describe(reference);
      if (relation === undefined) continue;
      const protection = relation === null ? null : await this.protect(relation, reference);
      this.bound.set(id, relation === null ? null : { relation, protection });
      if (relation !== null) this.touch(relation, protection);
    }
  }

  private async protect(relation: RelationDescription, reference: RelationName): Promise<Protection | null> {
    // as the catalog spells it and as it is written: letter case is the server's setting
    const names = [relation, this.resolve(reference)];
    const policy = names.map((name) => this.request.policyOf(name)).find((found) => found !== null) ?? null;
    const columns = columnsOf(relation, policy?.columns ?? new Map<string, ColumnPolicy>());
    const opened = await this.openView(relation);
    const rowFilters: PolicyExpression[] = [];
    for (const filter of policy?.rowFilters ?? [])
      rowFilters.push(await this.texts.expression(filter, relation, this));
    if (rowFilters.length === 0 && columns.size === 0 && opened === null) return null;
    if (opened === 'opaque')
      for (const { name } of relation.columns)
        if (columns.get(name)?.rule !== 'deny') columns.set(name, { rule: 'mask', mask: 'null' });
    const expressions = new Map<string, PolicyExpression>();
    for (const [name, column] of columns)
      if (column.rule === 'mask' && column.mask === 'expression')
        expressions.set(name, await this.texts.expression(column.expression, relation, this));
    const inlined = opened === 'opaque' ? null : opened;
    this.needsFence ||= expressions.size > 0 || inlined?.plain === false;
    return { relation, rowFilters, columns, expressions, inlined };
  }

  private async openView(relation: RelationDescription): Promise<InlinedView | 'opaque' | null> {
    if (relation.kind !== 'view') return null;
    const id = relationKey(relation);
    if (relation.definition === null || this.open.includes(id) || this.open.length >= maxViewDepth)
      return 'opaque';
    this.open.push(id);
    const inlined = await this.texts.view(relation, this);
    this.open.pop();
    return inlined;
  }

  private touch({ schema, name }: RelationName, protection: Protection | null): void {
    const masks: Record<string, MaskKind> = {};
    const denied: string[] = [];
    for (const [column, policy] of protection?.columns ?? [])
      if (policy.rule === 'deny') denied.push(column);
      else masks[column] = policy.mask;
    this.touched.set(relationKey({ schema, name }), {
      schema,
      name,
      filtered: (protection?.rowFilters.length ?? 0) > 0,
      masks,
      denied,
    });
  }
}

function sequenceTable(relation: RelationName): RelationDescription {
  return {
    ...relation,
    kind: 'table',
    columns: [{ name: 'seq', type: 'bigint(20) unsigned', textual: false, visible: true }],
    primaryKey: ['seq'],
    definition: null,
    ancestors: [],
    descendants: [],
    version: '',
  };
}
