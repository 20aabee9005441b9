import { AppError } from '../../common/app-error';
import type { CanonicalType, Cell } from '../../drivers/cell';

type Compare = (a: Cell, b: Cell) => number;

/** A decimal as a whole number of its last place. */
export interface Scaled {
  readonly units: bigint;
  readonly scale: number;
}

/** @throws AppError `shard.not_mergeable` for what is no finite number */
export function scaledOf(cell: Cell): Scaled {
  const [, sign = '', whole = '', fraction = ''] =
    /^(-?)(\d+)(?:\.(\d+))?$/.exec(
      typeof cell === 'number' ? String(cell) : typeof cell === 'string' ? cell : '',
    ) ?? [];
  if (whole === '') throw new AppError('shard.not_mergeable', 'A value is no finite number');
  return { units: BigInt(`${sign}${whole}${fraction}`), scale: fraction.length };
}

export function unitsAt({ units, scale }: Scaled, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale);
}

const orderOf = <T extends number | bigint | string | boolean>(a: T, b: T): number =>
  a < b ? -1 : a > b ? 1 : 0;

const byNumber: Compare = (a, b) => {
  const [one, two] = [scaledOf(a), scaledOf(b)];
  const scale = Math.max(one.scale, two.scale);
  return orderOf(unitsAt(one, scale), unitsAt(two, scale));
};

/** ISO 8601 of years 0001–9999 sorts as text; of what a database writes in another way nothing is known. */
const byTime: Compare = (a, b) => {
  const [one, two] = [a, b].map((cell) => {
    if (typeof cell !== 'string' || !/^\d{4}-/.test(cell)) {
      throw new AppError('shard.not_mergeable', 'A value is no date of the years 0001 to 9999');
    }
    return cell.replace(/Z$/, '');
  });
  return orderOf(one!, two!);
};

/** Types whose order is the same everywhere. That of text is the collation's, which only the database knows. */
const comparisons: Partial<Readonly<Record<CanonicalType, Compare>>> = {
  boolean: (a, b) => orderOf(Boolean(a), Boolean(b)),
  integer: (a, b) => orderOf(Number(a), Number(b)),
  bigint: byNumber,
  decimal: byNumber,
  date: byTime,
  timestamp: byTime,
  timestamptz: byTime,
};

/** @throws AppError `shard.not_mergeable` */
export function comparisonOf(type: CanonicalType): Compare {
  const compare = comparisons[type];
  if (!compare)
    throw new AppError('shard.not_mergeable', `Values of the type ${type} cannot be put in order here`);
  return compare;
}
