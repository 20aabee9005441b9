import type { MergeDialect } from './merge-dialect';
import type { ColumnAt, FoldAt, Grouping, KeyAt, MergePlan, OrderKey } from './merge-plan';
import { refuseMerge } from './refuse-merge';
import type { DraftItem, Reference, SelectDraft, Written } from './select-draft';

type Spliced = Pick<MergePlan, 'text' | 'edits' | 'added'>;

/** What each part is asked, and how the answers become one. @throws Refused for what would not be exact */
export function composePlan(text: string, draft: SelectDraft, dialect: MergeDialect): MergePlan {
  return new PlanComposer(text, draft, dialect).compose();
}

class PlanComposer {
  /** Expressions that are asked for besides the items. */
  private readonly added: string[] = [];
  private readonly groupKeys: ({ readonly written: Written } & KeyAt)[] = [];

  constructor(
    private readonly text: string,
    private readonly draft: SelectDraft,
    private readonly dialect: MergeDialect,
  ) {}

  compose(): MergePlan {
    const { items, groupBy, distinct, limit, offset } = this.draft;
    const grouped = groupBy.length > 0 || items.some(({ aggregate }) => aggregate !== null);
    if (grouped && distinct) refuseMerge('DISTINCT with GROUP BY or aggregates');
    const grouping = grouped ? this.grouping() : null;
    const keys = distinct ? items.map((_, index) => this.distinctKey(index)) : null;
    const order = this.draft.orderBy.map(({ key, descending, nullsFirst }): OrderKey => ({
      ...this.orderKey(key, grouped),
      descending,
      nullsFirst,
    }));
    // Groups are cut when they are whole, and equal rows of several parts are one.
    const pushed = grouped || distinct || limit === null ? null : limit === 0 ? 0 : limit + offset;
    return { ...this.splice(pushed), grouping, distinct: keys, order, limit, offset };
  }

  private grouping(): Grouping {
    const { items, groupBy } = this.draft;
    for (const key of groupBy) this.groupKeys.push(this.groupKey(key));
    const folds: FoldAt[] = [];
    for (const [index, item] of items.entries()) {
      if (item.aggregate) folds.push(this.fold(item, item.aggregate, { item: index }));
      else if (!this.isKey(index))
        refuseMerge('a column or expression that is neither in GROUP BY nor an aggregate');
    }
    return { keys: this.groupKeys.map(({ at, collation }) => ({ at, collation })), folds };
  }

  private isKey(index: number): boolean {
    const { star, print, column } = this.draft.items[index]!;
    return (
      !star &&
      this.groupKeys.some(
        ({ at, written }) =>
          ('item' in at && at.item === index) ||
          written.print === print ||
          (column !== null && this.isColumn(written, column)),
      )
    );
  }

  private isColumn(written: Written, name: string): boolean {
    return 'name' in written && this.same(String(written.name), name);
  }

  private fold(
    { sql }: DraftItem,
    { fold, argument }: NonNullable<DraftItem['aggregate']>,
    at: ColumnAt,
  ): FoldAt {
    if (fold === 'count' || fold === 'sum') return { fold, at };
    if (fold === 'avg') {
      return { fold, at, sum: this.add(`sum(${argument})`), count: this.add(`count(${argument})`) };
    }
    return { fold, at, key: this.keyAt(at, sql) };
  }

  private distinctKey(index: number): KeyAt {
    const { star, sql } = this.draft.items[index]!;
    if (star) return refuseMerge('DISTINCT * (name the columns)');
    return this.keyAt({ item: index }, sql);
  }

  private groupKey(key: Reference): { readonly written: Written } & KeyAt {
    const { items } = this.draft;
    if (items.some(({ star }) => star)) refuseMerge('* with GROUP BY');
    if (key.kind === 'number') {
      const item = this.itemAt(key.number);
      if (item.aggregate) refuseMerge('GROUP BY an aggregate');
      return { written: item, ...this.keyAt({ item: key.number - 1 }, item.sql) };
    }
    this.refuseAliases(key, 'GROUP BY');
    const index = items.findIndex((item) => item.print === key.print || this.isItemOf(item, key));
    const at: ColumnAt = index === -1 ? { added: this.add(key.sql) } : { item: index };
    return { written: key, ...this.keyAt(at, key.sql) };
  }

  private isItemOf({ column }: DraftItem, key: Reference): boolean {
    return key.kind === 'column' && column !== null && this.same(column, key.name);
  }

  private orderKey(key: Reference, grouped: boolean): KeyAt {
    const { items, distinct } = this.draft;
    if (key.kind === 'number') return this.itemKey(key.number - 1, this.itemAt(key.number));
    const named = key.kind === 'column' && !key.qualified ? this.named(key.name) : null;
    if (named !== null) return this.itemKey(named, items[named]!);
    this.refuseAliases(key, 'ORDER BY');
    const index = items.findIndex((item) => item.print === key.print || this.isItemOf(item, key));
    if (index !== -1) return this.itemKey(index, items[index]!);
    if (grouped) {
      const found = this.groupKeys.find(({ written }) => written.print === key.print);
      return found ?? refuseMerge('ORDER BY anything but a key of GROUP BY or an item of the list');
    }
    if (distinct) return refuseMerge('ORDER BY anything but an item of the list, with DISTINCT');
    return this.keyAt({ added: this.add(key.sql) }, key.sql);
  }

  /** The item whose name in the result it is: that comes before columns of the table. */
  private named(name: string): number | null {
    const { items } = this.draft;
    const found = items.flatMap((item, index) => {
      const called = item.alias ?? item.column;
      return called !== null && this.same(called, name) ? [index] : [];
    });
    const [first] = found;
    if (first === undefined) return null;
    const prints = new Set(found.map((index) => items[index]!.print));
    if (prints.size > 1 || items.some(({ star }) => star)) {
      return refuseMerge(`ORDER BY ${name}, which may be several columns,`);
    }
    return first;
  }

  /** Names of the list hide columns of the table in one dialect and not in the other; where they differ, who can tell. */
  private refuseAliases(key: Exclude<Reference, { kind: 'number' }>, clause: string): void {
    if (key.names.length === 0 && !('name' in key)) this.requireAggregate(key, clause);
    if (key.kind === 'column' && key.qualified) return;
    for (const { alias, column } of this.draft.items) {
      if (alias === null || (column !== null && this.same(alias, column))) continue;
      if (key.names.some((name) => this.same(name, alias))) {
        refuseMerge(`${clause} with ${alias}, which names an item (write its number),`);
      }
    }
  }

  private requireAggregate({ print }: Written, clause: string): void {
    const known = this.draft.items.some((item) => item.aggregate && item.print === print);
    if (!known) refuseMerge(`${clause} a constant`);
  }

  private itemAt(number: number): DraftItem {
    const { items } = this.draft;
    if (items.some(({ star }) => star)) return refuseMerge('the number of a column beside *');
    return items[number - 1] ?? refuseMerge('a number that is not in the list');
  }

  private itemKey(index: number, { aggregate, sql }: DraftItem): KeyAt {
    const at = { item: index };
    const numeric = aggregate !== null && aggregate.fold !== 'min' && aggregate.fold !== 'max';
    return numeric ? { at, collation: null } : this.keyAt(at, sql);
  }

  private keyAt(at: ColumnAt, sql: string): KeyAt {
    return { at, collation: this.add(this.dialect.collationOf(sql), sql) };
  }

  private add(expression: string, sql: string = expression): number {
    if (!this.dialect.repeats(sql)) refuseMerge('a parameter in what is compared or averaged');
    const known = this.added.indexOf(expression);
    return known === -1 ? this.added.push(expression) - 1 : known;
  }

  private splice(limit: number | null): Spliced {
    const { layout } = this.draft;
    const edits: MergePlan['edits'][number][] = [];
    if (this.added.length > 0) {
      const end = layout.items.at(-1)!.at(-1)!.end;
      const list = this.added.map((expression, index) => `, ${expression} AS merge_key_${index}`);
      edits.push({ start: end, end, text: list.join('') });
    }
    const cut = limit === null ? '' : `LIMIT ${limit}`;
    if (layout.tail) edits.push({ ...layout.tail, text: cut });
    let text = '';
    let at = 0;
    for (const edit of edits) {
      text += this.text.slice(at, edit.start) + edit.text;
      at = edit.end;
    }
    return { text: text + this.text.slice(at), edits, added: this.added.length };
  }

  private same(one: string, other: string): boolean {
    return this.dialect.fold(one) === this.dialect.fold(other);
  }
}
