/** Columns that the viewer has, in the real database and in the reference alike. */
const relations: Readonly<Record<string, readonly string[]>> = {
  customers: ['id', 'name', 'email', 'phone', 'token', 'bio', 'born', 'region'],
  orders: ['id', 'customer_id', 'total', 'note', 'region'],
  staff: ['code', 'dept', 'salary', 'boss'],
  computed: ['id', 'kind', 'v'],
  docs: ['id', 'title', 'body'],
  products: ['id', 'title', 'price', 'region'],
  customer_list: ['id', 'name', 'email', 'ssn', 'region'],
  joined: ['cid', 'mail', 'amount'],
  totals: ['customer_id', 's'],
};

/** A column of FROM as expressions write it. */
type Scope = readonly string[];

interface Query {
  readonly text: string;
  readonly columns: readonly string[];
}

/** mulberry32: the same seed gives the same statement everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

class Generator {
  private names = 0;

  constructor(private readonly random: () => number) {}

  private below(count: number): number {
    return Math.floor(this.random() * count);
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  query(depth: number, outer: Scope = [], width = 1 + this.below(3)): Query {
    const { text: from, scope: inner } = this.from(depth);
    const scope = [...inner, ...(this.chance(0.3) ? outer : [])];
    const grouped = this.chance(0.15);
    const columns = Array.from({ length: width }, () => `x${(this.names += 1)}`);
    const list = columns.map((name) => {
      const value = this.value(depth, scope);
      return `${grouped ? `${this.pick(['min', 'max', 'count'])}(${value})` : value} as ${name}`;
    });
    const where = this.chance(0.7) ? ` where ${this.condition(depth, scope)}` : '';
    const group = grouped ? ` group by ${this.pick(inner)}` : '';
    const distinct = this.chance(0.15) ? 'distinct ' : '';
    const text = `select ${distinct}${list.join(', ')} from ${from}${where}${group}`;
    if (depth > 0 && this.chance(0.15)) {
      const word = this.pick(['union', 'union all', 'intersect', 'except']);
      return { text: `${text} ${word} ${this.query(depth - 1, outer, width).text}`, columns };
    }
    if (depth > 0 && this.chance(0.15)) {
      const name = this.chance(0.5) ? `c${(this.names += 1)}` : this.pick(Object.keys(relations));
      const mode = this.pick(['', ' materialized', ' not materialized']);
      const body = `select * from ${name}`;
      // inside of itself the name is the clause's own
      return { text: `with ${name} as${mode} (${qualified(text)}) ${body}`, columns };
    }
    return { text, columns };
  }

  private from(depth: number): { readonly text: string; readonly scope: string[] } {
    const scope: string[] = [];
    let text = '';
    const count = 1 + this.below(2);
    for (let index = 0; index < count; index += 1) {
      const alias = `t${(this.names += 1)}`;
      const source = this.source(depth);
      if (index > 0) text += this.pick([', ', ' join ', ' left join ', ' cross join ']);
      text += `${source.text} ${this.chance(0.5) ? 'as ' : ''}${alias}`;
      scope.push(...source.columns.map((column) => `${alias}.${column}`));
      const isJoin = /(?:left |[^s] )join \S/.test(text) && index > 0;
      if (isJoin && !text.includes(' cross join ') && !text.includes(', '))
        text += ` on ${this.condition(0, scope)}`;
    }
    return { text, scope };
  }

  private source(depth: number): Query {
    if (depth > 0 && this.chance(0.3)) {
      const query = this.query(depth - 1);
      return { text: `(${query.text})`, columns: query.columns };
    }
    const [name, columns] = this.pick(Object.entries(relations));
    return { text: this.chance(0.3) ? `main.${name}` : name, columns };
  }

  private value(depth: number, scope: Scope): string {
    const column = this.pick(scope);
    const forms: (() => string)[] = [
      () => column,
      () => column,
      () => `upper(${column})`,
      () => `coalesce(${column}, 'none')`,
      () => `${column} || '/' || ${this.pick(scope)}`,
      () => `length(${column})`,
      () => `case when ${this.condition(0, scope)} then ${column} else 0 end`,
      () => `substr(${column}, 2, 3)`,
      () => `abs(${column})`,
      () => String(this.below(5)),
      () => (depth > 0 ? `(select count(*) from (${this.query(depth - 1, scope).text}))` : column),
    ];
    return this.pick(forms)();
  }

  private condition(depth: number, scope: Scope): string {
    const column = this.pick(scope);
    const forms: (() => string)[] = [
      () => `${column} = ${this.pick(scope)}`,
      () => `${column} > ${this.below(10)}`,
      () => `${column} like '%${this.pick(['a', 'E', '***', '1', '@'])}%'`,
      () => `${column} is ${this.pick(['', 'not '])}null`,
      () => `instr(${column}, 'a') = 0`,
      () => `abs(${column}) >= 0`,
      () => `(${this.condition(0, scope)} ${this.pick(['and', 'or'])} not ${this.condition(0, scope)})`,
      () => (depth > 0 ? `exists (${this.query(depth - 1, scope).text})` : `${column} <> 'x'`),
      () =>
        depth > 0 ? `${column} in (${this.query(depth - 1, scope, 1).text})` : `${column} in (1, 2, 'EU')`,
    ];
    return this.pick(forms)();
  }
}

/** Relations with their schema, where a clause of the same name would be read instead. */
function qualified(text: string): string {
  return text.replace(/\b(from|join|,) (?!main\.)(?=[a-z_]+ )/g, (whole, word: string) =>
    word === ',' ? whole : `${word} main.`,
  );
}

/** A statement over the tables of the viewer; the same seed gives the same one. */
export const statementOf = (seed: number): string => new Generator(randomOf(seed)).query(2).text;
