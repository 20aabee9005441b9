import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import { RawJson, type CanonicalType, type Cell, type Column, type Row } from '../../../drivers/cell';
import type { ColumnAt, KeyAt, OrderKey } from '../../../sql/merge/merge-plan';
import { compareDecimals, decimalOf, plainText, type Decimal } from './exact-decimal';
import { compareWeights, TextCollation, type Weights } from './text-collation';

/** A value in the form in which it is compared; `null` for NULL. */
export type Rank = string | number | Decimal | Weights | null;

/** How values of one column are compared here as the engine compares them. */
interface Kind {
  /** @throws AppError `shard.not_mergeable` for a value of which nothing is known */
  readonly rank: (cell: Exclude<Cell, null>, said: Cell | undefined) => Exclude<Rank, null>;
  readonly compare: (a: never, b: never) => number;
  /** The same for equal values only. */
  readonly equal: (rank: never) => string;
}

const refuse = (detail: string): never => {
  throw new AppError('shard.not_mergeable', detail);
};

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : refuse('A value is no text'));

const inOrder = <T extends string | number>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

const texts = { compare: inOrder<string>, equal: (rank: string) => rank };
const numbers = { compare: inOrder<number>, equal: (rank: number) => String(rank) };

const decimal: Kind = { rank: (cell) => decimalOf(cell), compare: compareDecimals, equal: plainText };

/** ISO 8601 of years 0001–9999 sorts as text; of what a database writes in another way nothing is known. */
const time = (form: RegExp): Kind => ({
  ...texts,
  rank: (cell) =>
    typeof cell === 'string' && form.test(cell)
      ? cell.replace(/Z$/, '')
      : refuse('A value is no date of the years 0001 to 9999, or no time of a day'),
});
const instant = time(/^\d{4}-/);

const kinds: Partial<Readonly<Record<CanonicalType, Kind>>> = {
  boolean: { ...numbers, rank: Number },
  integer: { ...numbers, rank: Number },
  bigint: decimal,
  decimal,
  // NaN is above everything (manual of PostgreSQL 8.1.3); MySQL has none.
  float: {
    equal: String,
    compare: (a: number, b: number) =>
      Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : inOrder(a, b),
    rank: (cell) => Number(cell instanceof RawJson ? cell.text : cell),
  },
  date: instant,
  timestamp: instant,
  timestamptz: instant,
  time: time(/^\d\d:/),
  uuid: { ...texts, rank: textOf },
  bytes: { ...texts, rank: (cell) => Buffer.from(textOf(cell), 'base64').toString('latin1') },
};

/** `order` of rows or of values, or only which of them are `equal`. */
export type Purpose = 'order' | 'extreme' | 'equal';

/** Types of text that compare as texts; others, like citext and domains, may have operators of their own. */
const plainTexts: Partial<Readonly<Record<Dialect, RegExp>>> = {
  postgresql: /^(text|varchar|bpchar|name)\b/,
  mysql: /./,
};

function kindOf({ type, nativeType }: Column, dialect: Dialect, purpose: Purpose): Kind {
  const never = (why: string): never =>
    refuse(`Values of the type ${nativeType} cannot be compared here: ${why}`);
  if (type === 'float' && purpose === 'equal') return never('what is shown of them is rounded');
  // Two values that are shown as one number need not be one.
  if (nativeType === 'float' && purpose === 'order') return never('what is shown of them is rounded');
  // Ordered by their place in the type; MariaDB orders UUIDs by their time.
  if (purpose !== 'equal' && /^(enum|set|uuid)$/.test(nativeType) && dialect === 'mysql') {
    return never('their order is not that of what is shown');
  }
  if (type !== 'text') return kinds[type] ?? never('their order and equality are the business of the type');
  if (!plainTexts[dialect]?.test(nativeType)) return never('the type has a comparison of its own');
  const collation = new TextCollation(dialect, purpose !== 'equal');
  // Blanks at the end of a bpchar say nothing (manual of PostgreSQL 8.3).
  const trim = nativeType.startsWith('bpchar');
  return {
    rank: (cell, said) => collation.weightsOf(trim ? textOf(cell).replace(/ +$/, '') : textOf(cell), said),
    compare: compareWeights,
    equal: ({ units }: Weights) => units,
  };
}

/** Where a column stands in the rows of the parts. */
export function indexOf(at: ColumnAt, columns: readonly Column[], added: number): number {
  return 'item' in at ? at.item : columns.length - added + at.added;
}

/** One column of the rows of the parts, to be compared. */
export class MergeKey {
  private readonly index: number;
  private readonly said: number | null;
  private readonly kind: Kind;

  /** @throws AppError `shard.not_mergeable` */
  constructor(key: KeyAt, columns: readonly Column[], added: number, dialect: Dialect, purpose: Purpose) {
    this.index = indexOf(key.at, columns, added);
    this.said = key.collation === null ? null : columns.length - added + key.collation;
    this.kind = kindOf(columns[this.index]!, dialect, purpose);
  }

  rankOf(row: Row): Rank {
    const cell = row[this.index] ?? null;
    return cell === null ? null : this.kind.rank(cell, this.said === null ? undefined : row[this.said]);
  }

  /** The same for equal values only; NULLs are one (neither engine tells them apart in groups). */
  equalOf(row: Row): string | null {
    const rank = this.rankOf(row);
    return rank === null ? null : this.kind.equal(rank as never);
  }

  compare(a: Rank, b: Rank): number {
    return this.kind.compare(a as never, b as never);
  }
}

/** Ranks of a row in the order of the keys of ORDER BY. */
export type Ranks = readonly Rank[];

export interface RowOrder {
  ranksOf(row: Row): Ranks;
  compare(a: Ranks, b: Ranks): number;
}

export function rowOrder(
  order: readonly OrderKey[],
  columns: readonly Column[],
  added: number,
  dialect: Dialect,
): RowOrder {
  const keys = order.map((key) => ({ ...key, key: new MergeKey(key, columns, added, dialect, 'order') }));
  return {
    ranksOf: (row) => keys.map(({ key }) => key.rankOf(row)),
    compare: (a, b) => {
      for (const [index, { key, descending, nullsFirst }] of keys.entries()) {
        const [one, two] = [a[index] ?? null, b[index] ?? null];
        if (one === null && two === null) continue;
        if (one === null) return nullsFirst ? -1 : 1;
        if (two === null) return nullsFirst ? 1 : -1;
        const difference = key.compare(one, two);
        if (difference !== 0) return descending ? -difference : difference;
      }
      return 0;
    },
  };
}

/** A text that equal rows share. */
export function equalityOf(
  keys: readonly KeyAt[],
  columns: readonly Column[],
  added: number,
  dialect: Dialect,
): (row: Row) => string {
  const readers = keys.map((key) => new MergeKey(key, columns, added, dialect, 'equal'));
  return (row) => JSON.stringify(readers.map((reader) => reader.equalOf(row)));
}
