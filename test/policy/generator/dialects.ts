import { partitions, sharedTables, type Table } from './schema';

/** How a dialect writes what the others write otherwise. */
export interface GeneratorDialect {
  readonly tables: readonly [Table, ...Table[]];
  readonly schema: string;
  readonly quote: (name: string) => string;
  readonly asText: (expression: string) => string;
  readonly concat: (a: string, b: string) => string;
  /** Ways to carry a text out in another form. */
  readonly textFunctions: readonly [(e: string) => string, ...((e: string) => string)[]];
  readonly length: (expression: string) => string;
  /** All texts of a group in a fixed order. */
  readonly collect: (expression: string) => string;
  /** Whole rows of a table reference as text, where there is such a thing. */
  readonly wholeRows: readonly ((alias: string) => string)[];
  readonly lateral: boolean;
  /** Between tables in the order in which the syntax allows them. */
  readonly joins: readonly [string, ...string[]];
}

export const dialects: Readonly<Record<'postgresql' | 'mariadb' | 'sqlite', GeneratorDialect>> = {
  postgresql: {
    tables: [...sharedTables, ...partitions],
    schema: 'public',
    quote: (name) => `"${name}"`,
    asText: (e) => `(${e})::text`,
    concat: (a, b) => `(${a} || ${b})`,
    textFunctions: [
      (e) => `upper(${e})`,
      (e) => `reverse(${e})`,
      (e) => `substr(${e}, 1, 9)`,
      (e) => `encode(convert_to(${e}, 'UTF8'), 'hex')`,
      (e) => `encode(convert_to(${e}, 'UTF8'), 'base64')`,
      (e) => `md5(${e})`,
      (e) => `quote_literal(${e})`,
      (e) => `to_json(${e})::text`,
      (e) => `array_to_string(string_to_array(${e}, null), ',')`,
      (e) => `format('%s!', ${e})`,
      (e) => `regexp_replace(${e}, '.', '<\\&>', 'g')`,
    ],
    length: (e) => `length(${e})`,
    collect: (e) => `string_agg(${e}, ',' order by ${e})`,
    wholeRows: [
      (alias) => `to_jsonb(${alias})::text`,
      (alias) => `${alias}::text`,
      (alias) => `row_to_json(${alias})::text`,
      (alias) => `row(${alias}.*)::text`,
    ],
    lateral: true,
    joins: ['join', 'left join', 'full join', 'right join'],
  },
  mariadb: {
    tables: sharedTables,
    schema: '@database@',
    quote: (name) => `\`${name}\``,
    asText: (e) => `cast(${e} as char)`,
    concat: (a, b) => `concat(${a}, ${b})`,
    textFunctions: [
      (e) => `upper(${e})`,
      (e) => `reverse(${e})`,
      (e) => `substr(${e}, 1, 9)`,
      (e) => `hex(${e})`,
      (e) => `to_base64(${e})`,
      (e) => `md5(${e})`,
      (e) => `quote(${e})`,
      (e) => `json_quote(${e})`,
      (e) => `regexp_replace(${e}, '(.)', '<\\\\1>')`,
      (e) => `insert(${e}, 1, 0, '!')`,
    ],
    length: (e) => `char_length(${e})`,
    collect: (e) => `group_concat(${e} order by ${e})`,
    wholeRows: [],
    lateral: false,
    joins: ['join', 'left join', 'right join', 'straight_join'],
  },
  sqlite: {
    tables: sharedTables,
    schema: 'main',
    quote: (name) => `"${name}"`,
    asText: (e) => `cast(${e} as text)`,
    concat: (a, b) => `(${a} || ${b})`,
    textFunctions: [
      (e) => `upper(${e})`,
      (e) => `substr(${e}, 1, 9)`,
      (e) => `hex(${e})`,
      (e) => `quote(${e})`,
      (e) => `json_quote(${e})`,
      (e) => `replace(${e}, 'a', '-a')`,
      (e) => `printf('%s!', ${e})`,
    ],
    length: (e) => `length(${e})`,
    collect: (e) => `group_concat(${e}, ',' order by ${e})`,
    wholeRows: [],
    lateral: false,
    joins: ['join', 'left join', 'full join', 'right join'],
  },
};
