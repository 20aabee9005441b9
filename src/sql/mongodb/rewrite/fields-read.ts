import { isObject, itemsOf, membersOf } from '../json';
import type { Json } from '../strict-json';

/** Paths of the document that something reads; `whole` when it reads, or may read, all of it. */
export interface FieldsRead {
  readonly paths: ReadonlySet<string>;
  readonly whole: boolean;
}

const roots = new Set(['ROOT', 'CURRENT']);

class Reader implements FieldsRead {
  readonly paths = new Set<string>();
  whole = false;

  /** An expression: `"$a.b"`, `"$$ROOT.a"`, `{"$getField": …}`. */
  expression(value: Json): void {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) for (const item of value) this.expression(item);
    else
      for (const [name, member] of membersOf(value)) {
        if (name === '$literal') continue;
        if (name === '$getField') this.getField(member);
        this.expression(member);
      }
  }

  private text(value: string): void {
    if (!value.startsWith('$')) return;
    if (!value.startsWith('$$')) return void this.paths.add(value.slice(1));
    const [variable = '', ...path] = value.slice(2).split('.');
    if (!roots.has(variable)) return;
    if (path.length === 0) this.whole = true;
    else this.paths.add(path.join('.'));
  }

  /** Of the document itself unless it names another input; a computed name may be any. */
  private getField(value: Json): void {
    const field = isObject(value) && 'field' in value ? value['field'] : value;
    const name = isObject(field) ? field['$literal'] : field;
    if (typeof name === 'string') this.paths.add(name);
    else this.whole = true;
  }

  /** A filter of `find` and `$match`. */
  filter(value: Json, within = ''): void {
    for (const [name, member] of membersOf(value)) {
      if (name === '$expr') this.expression(member);
      else if (name === '$and' || name === '$or' || name === '$nor')
        for (const item of itemsOf(member)) this.filter(item, within);
      else if (name === '$jsonSchema' || name === '$text') this.whole = true;
      else if (!name.startsWith('$')) {
        const path = within + name;
        this.paths.add(path);
        this.condition(member, path);
      }
    }
  }

  private condition(value: Json, path: string): void {
    for (const [name, member] of membersOf(value)) {
      if (name === '$elemMatch') {
        this.filter(member, `${path}.`);
        this.condition(member, path);
      } else if (name === '$not') this.condition(member, path);
      else if (name === '$all') for (const item of itemsOf(member)) this.condition(item, path);
    }
  }
}

export function fieldsOfExpression(value: Json): FieldsRead {
  const reader = new Reader();
  reader.expression(value);
  return reader;
}

export function fieldsOfFilter(value: Json): FieldsRead {
  const reader = new Reader();
  reader.filter(value);
  return reader;
}
