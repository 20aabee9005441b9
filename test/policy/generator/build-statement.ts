import { Choices } from './choices';
import type { GeneratorDialect } from './dialects';
import type { Column, ValueType } from './schema';

/** A reference in a FROM clause: how its columns are written, and which there are. */
interface Reference {
  readonly prefix: string;
  readonly columns: readonly Column[];
  readonly denied: readonly Column[];
}

interface Scope {
  readonly references: readonly Reference[];
  /** Names of WITH clauses, which stand for tables. */
  readonly ctes: ReadonlyMap<string, readonly Column[]>;
  readonly outer: Scope | null;
  readonly depth: number;
}

interface Query {
  readonly text: string;
  readonly columns: readonly Column[];
}

const types: readonly [ValueType, ...ValueType[]] = ['text', 'number', 'date'];
/** CTEs that are called like protected tables, and aliases that are called like columns and tables, mislead best. */
const cteNames = ['x', 'customers', 'orders', 'secrets'] as const;
const aliases = ['t', 'customers', 'tenant', 'orders', 'acme', 'Mixed Case'] as const;

/** A random SELECT over the fixture, decided by a tape of numbers. */
export function buildStatement(dialect: GeneratorDialect, tape: readonly number[]): string {
  return new StatementBuilder(dialect, new Choices(tape)).statement();
}

class StatementBuilder {
  #names = 0;

  constructor(
    private readonly dialect: GeneratorDialect,
    private readonly choose: Choices,
  ) {}

  statement(): string {
    const scope: Scope = { references: [], ctes: new Map(), outer: null, depth: 0 };
    const { text, columns } = this.query(scope, null);
    const order = columns.map((_, at) => at + 1).join(', ');
    if (this.choose.chance(30)) return `${text} order by ${order} limit ${this.choose.number(6)}`;
    return this.choose.chance(30) ? `${text} order by ${order}` : text;
  }

  /** With `width`, a query of that many columns of text. */
  private query(scope: Scope, width: number | null): Query {
    if (scope.depth < 2 && this.choose.chance(20)) return this.withClause(scope, width);
    if (scope.depth < 2 && this.choose.chance(15)) return this.compound(scope, width);
    return this.select(scope, width);
  }

  private compound(scope: Scope, width: number | null): Query {
    const first = this.select(deeper(scope), width ?? 1);
    const second = this.select(deeper(scope), width ?? 1);
    const operator = this.choose.pick(['union all', 'union', 'except', 'intersect']);
    return { text: `${first.text} ${operator} ${second.text}`, columns: first.columns };
  }

  private withClause(scope: Scope, width: number | null): Query {
    const name = this.choose.pick(cteNames);
    const body = this.select(deeper(scope), null);
    const ctes = new Map([...scope.ctes, [name, body.columns]]);
    const within = { ...deeper(scope), ctes };
    const rest = this.choose.chance(30) ? this.compound(within, width) : this.select(within, width);
    return { text: `with ${name} as (${body.text}) ${rest.text}`, columns: rest.columns };
  }

  private select(outside: Scope, width: number | null): Query {
    const from = this.from(outside);
    const scope: Scope = { ...outside, references: from.references, outer: outside };
    const where = this.choose.chance(50) ? ` where ${this.condition(scope)}` : '';
    if (width === null && this.choose.chance(12)) return this.star(from, where);
    const grouped = this.choose.chance(25);
    const items: { text: string; column: Column }[] = [];
    const keys: string[] = [];
    const count = width ?? 1 + this.choose.number(3);
    for (let n = 0; n < count; n += 1) {
      const type: ValueType = width === null ? this.choose.pick(types) : 'text';
      const asKey = grouped && this.choose.chance(50);
      let text = this.expression(scope, type);
      if (asKey) keys.push(text);
      else if (grouped) text = this.aggregate(scope, type);
      else if (this.choose.chance(8)) text = this.window(scope, type);
      items.push({ text, column: { name: `c${(this.#names += 1)}`, type } });
    }
    const list = items.map(({ text, column }) => `${text} as ${column.name}`).join(', ');
    const distinct = this.choose.chance(10) ? 'distinct ' : '';
    const group = keys.length > 0 ? ` group by ${keys.join(', ')}` : '';
    const having =
      grouped && this.choose.chance(25) ? ` having ${this.aggregate(scope, 'number')} > ${this.bound()}` : '';
    return {
      text: `select ${distinct}${list} from ${from.text}${where}${group}${having}`,
      columns: items.map(({ column }) => column),
    };
  }

  private star({ text, references }: From, where: string): Query {
    const [only] = references;
    if (only === undefined || references.length > 1) {
      const reference = references[0];
      const columns = reference?.columns ?? [];
      return { text: `select ${reference?.prefix ?? ''}* from ${text}${where}`, columns };
    }
    const star = this.choose.chance(50) ? '*' : `${only.prefix}*`;
    return { text: `select ${star} from ${text}${where}`, columns: only.columns };
  }

  private from(scope: Scope): From {
    const first = this.reference(scope);
    if (!this.choose.chance(30)) return { text: first.text, references: [first.reference] };
    const second = this.reference(scope);
    const both = [first.reference, second.reference];
    const inner: Scope = { ...scope, references: both, outer: scope };
    if (this.choose.chance(15)) return { text: `${first.text}, ${second.text}`, references: both };
    const kind = this.choose.pick(this.dialect.joins);
    const on = `${this.column(first.reference, 'number', inner)} = ${this.column(second.reference, 'number', inner)}`;
    const more = this.choose.chance(20) ? ` and ${this.condition(inner)}` : '';
    return {
      text: `${first.text} ${kind} ${second.text} on ${on}${kind === 'full join' ? '' : more}`,
      references: both,
    };
  }

  private reference(scope: Scope): { text: string; reference: Reference } {
    const ctes = [...scope.ctes];
    if (ctes.length > 0 && this.choose.chance(50)) {
      const [name, columns] = ctes[this.choose.number(ctes.length)] ?? ['x', []];
      return this.named(name, columns, []);
    }
    if (scope.depth < 2 && this.choose.chance(15)) {
      const { text, columns } = this.query(deeper(scope), null);
      return this.named(`(${text})`, columns, []);
    }
    const { name, columns, denied } = this.choose.pick(this.dialect.tables);
    const shadowed = scope.ctes.get(name);
    const { quote, schema } = this.dialect;
    if (this.choose.chance(25)) {
      const full = `${this.choose.chance(30) ? quote(schema) : schema}.${name}`;
      if (this.choose.chance(20)) return { text: full, reference: { prefix: `${full}.`, columns, denied } };
      return this.named(full, columns, denied);
    }
    if (shadowed) return this.named(name, shadowed, []);
    return this.named(this.choose.chance(10) ? quote(name) : name, columns, denied);
  }

  private named(
    text: string,
    columns: readonly Column[],
    denied: readonly Column[],
  ): { text: string; reference: Reference } {
    const base = this.choose.pick(aliases);
    const number = (this.#names += 1);
    const alias =
      base === 't' ? `t${number}` : this.dialect.quote(`${base}${this.choose.chance(70) ? number : ''}`);
    return {
      text: `${text}${this.choose.chance(50) ? ' as' : ''} ${alias}`,
      reference: { prefix: `${alias}.`, columns, denied },
    };
  }

  private column(reference: Reference, type: ValueType, scope: Scope): string {
    if (this.choose.chance(3)) {
      const denied = reference.denied.find((column) => column.type === type);
      if (denied) return reference.prefix + denied.name;
    }
    const fitting = reference.columns.filter((column) => column.type === type);
    const [first, ...others] = fitting;
    if (first === undefined) return this.literal(type);
    const chosen = this.choose.pick([first, ...others]).name;
    const alone = scope.references.length === 1 && scope.references[0] === reference;
    return alone && this.choose.chance(30) ? chosen : reference.prefix + chosen;
  }

  private anyColumn(scope: Scope, type: ValueType): string {
    const outside = scope.outer?.references ?? [];
    const from = outside.length > 0 && this.choose.chance(15) ? outside : scope.references;
    const [first, ...others] = from;
    return first === undefined
      ? this.literal(type)
      : this.column(this.choose.pick([first, ...others]), type, scope);
  }

  private literal(type: ValueType): string {
    if (type === 'number') return String(this.bound());
    if (type === 'text') return this.choose.pick(["'a'", "'%zq%'", "'called %'", "'acme'", "''"]);
    return this.choose.pick(["'2024-03-01'", "'1975-01-01'"]);
  }

  private bound(): number {
    return this.choose.pick([0, 1, 5, 8_000_000, 7_311_010, 84_000]);
  }

  private expression(scope: Scope, type: ValueType): string {
    if (scope.depth >= 4 || !this.choose.chance(60)) return this.anyColumn(scope, type);
    const within = { ...scope, depth: scope.depth + 1 };
    if (this.choose.chance(12)) return this.subquery(within, type);
    if (this.choose.chance(15))
      return `case when ${this.condition(within)} then ${this.expression(within, type)} else ${this.anyColumn(within, type)} end`;
    if (this.choose.chance(10))
      return `coalesce(${this.anyColumn(within, type)}, ${this.anyColumn(within, type)})`;
    if (type === 'number') return this.numeric(within);
    return type === 'text' ? this.textual(within) : this.anyColumn(within, type);
  }

  private textual(scope: Scope): string {
    const { wholeRows, textFunctions, concat, asText } = this.dialect;
    if (wholeRows.length > 0 && this.choose.chance(12)) {
      const [form, ...others] = wholeRows;
      const reference = scope.references[this.choose.number(Math.max(1, scope.references.length))];
      if (
        form &&
        reference &&
        !reference.prefix.includes('.', 1 + reference.prefix.indexOf('.')) &&
        reference.prefix.split('.').length === 2
      )
        return this.choose.pick([form, ...others])(reference.prefix.slice(0, -1));
    }
    if (this.choose.chance(20)) return asText(this.expression(scope, 'number'));
    if (this.choose.chance(20)) return concat(this.expression(scope, 'text'), this.anyColumn(scope, 'text'));
    return this.choose.pick(textFunctions)(this.expression(scope, 'text'));
  }

  private numeric(scope: Scope): string {
    if (this.choose.chance(25)) return this.dialect.length(this.expression(scope, 'text'));
    const operator = this.choose.pick(['+', '-', '*']);
    return `(${this.anyColumn(scope, 'number')} ${operator} ${this.expression(scope, 'number')})`;
  }

  private subquery(scope: Scope, type: ValueType): string {
    const from = this.from(scope);
    const inner: Scope = { ...scope, references: from.references, outer: scope };
    const where = this.choose.chance(60) ? ` where ${this.condition(inner)}` : '';
    return `(select ${this.aggregate(inner, type)} from ${from.text}${where})`;
  }

  private aggregate(scope: Scope, type: ValueType): string {
    if (type === 'number')
      return this.choose.pick([
        () => 'count(*)',
        () => `sum(${this.anyColumn(scope, 'number')})`,
        () => `max(${this.anyColumn(scope, 'number')})`,
        () => `count(distinct ${this.anyColumn(scope, 'text')})`,
        () => `min(${this.dialect.length(this.anyColumn(scope, 'text'))})`,
      ])();
    if (type === 'text' && this.choose.chance(40)) return this.dialect.collect(this.anyColumn(scope, 'text'));
    return `${this.choose.pick(['max', 'min'])}(${this.anyColumn(scope, type)})`;
  }

  private window(scope: Scope, type: ValueType): string {
    const partition = this.choose.chance(40) ? `partition by ${this.anyColumn(scope, 'text')}` : '';
    if (type === 'number' && this.choose.chance(60))
      return `rank() over (${partition} order by ${this.anyColumn(scope, 'number')})`;
    return `max(${this.anyColumn(scope, type)}) over (${partition})`;
  }

  private condition(scope: Scope): string {
    if (scope.depth >= 4) return '1 = 1';
    const within = { ...scope, depth: scope.depth + 1 };
    return this.choose.pick([
      () => `${this.anyColumn(within, 'number')} ${this.comparison()} ${this.expression(within, 'number')}`,
      () => `${this.anyColumn(within, 'number')} > ${this.bound()}`,
      () => `${this.expression(within, 'text')} like ${this.literal('text')}`,
      () => `${this.anyColumn(within, 'text')} ${this.comparison()} ${this.expression(within, 'text')}`,
      () => `${this.anyColumn(within, 'date')} ${this.comparison()} ${this.literal('date')}`,
      () =>
        `${this.anyColumn(within, this.choose.pick(types))} is ${this.choose.chance(50) ? 'not ' : ''}null`,
      () => `(${this.condition(within)} or ${this.condition(within)})`,
      () => `(${this.condition(within)} and not ${this.condition(within)})`,
      () => `${this.anyColumn(within, 'text')} in (${this.select({ ...within, depth: 3 }, 1).text})`,
      () => this.exists(within),
      () => `${this.anyColumn(within, 'number')} between ${this.bound()} and ${this.bound()}`,
    ])();
  }

  private exists(scope: Scope): string {
    const from = this.from(scope);
    const inner: Scope = { ...scope, references: from.references, outer: scope, depth: 3 };
    return `${this.choose.chance(30) ? 'not ' : ''}exists (select 1 from ${from.text} where ${this.condition(inner)})`;
  }

  private comparison(): string {
    return this.choose.pick(['>', '=', '<', '<>', '>=']);
  }
}

interface From {
  readonly text: string;
  readonly references: readonly Reference[];
}

const deeper = (scope: Scope): Scope => ({ ...scope, depth: scope.depth + 1 });
