import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import type { Cell } from '../../../drivers/cell';

/** A decimal as a whole number of its last place. */
export interface Decimal {
  readonly units: bigint;
  /** Digits behind the point. */
  readonly scale: number;
}

/** @throws AppError `shard.not_mergeable` for what is no finite number */
export function decimalOf(cell: Cell | undefined): Decimal {
  const text = typeof cell === 'number' ? String(cell) : typeof cell === 'string' ? cell : '';
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === '') throw new AppError('shard.not_mergeable', 'A value is no finite number');
  return { units: BigInt(`${sign}${whole}${fraction}`), scale: fraction.length };
}

function unitsAt({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale);
}

export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const [one, two] = [unitsAt(a, scale), unitsAt(b, scale)];
  return one < two ? -1 : one > two ? 1 : 0;
}

/** With the greater scale of the two, as both engines have it. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale };
}

export function decimalText({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`;
  return `${units < 0n ? '-' : ''}${whole}${fraction}`;
}

/** The same text for equal numbers, whatever their scales: `1.50` and `1.5`. */
export function plainText({ units, scale }: Decimal): string {
  let [rest, places] = [units, scale];
  for (; places > 0 && rest % 10n === 0n; places -= 1) rest /= 10n;
  return decimalText({ units: rest, scale: places });
}

/**
 * The average of values from their sum and number, rounded away from zero at a half, as both engines do.
 * @param shown an average that the engine gave for a part of them: MySQL has one scale for all of a column
 */
export function averageOf(sum: Decimal, count: bigint, shown: Decimal, dialect: Dialect): Decimal {
  const scale = dialect === 'postgresql' ? postgresqlScale(sum, count) : shown.scale;
  const divisor = count * 10n ** BigInt(sum.scale);
  const dividend = (sum.units < 0n ? -sum.units : sum.units) * 10n ** BigInt(scale);
  const units = (dividend * 2n + divisor) / (divisor * 2n);
  return { units: sum.units < 0n ? -units : units, scale };
}

/** `numeric` is kept in digits of base 10,000. */
const BASE_DIGITS = 4;
/** NUMERIC_MIN_SIG_DIGITS and NUMERIC_MAX_DISPLAY_SCALE. */
const MIN_SIGNIFICANT = 16;
const MAX_SCALE = 1000;

/** How many places PostgreSQL gives a quotient (`select_div_scale` in numeric.c). */
function postgresqlScale(sum: Decimal, count: bigint): number {
  const [one, two] = [leadingOf(sum), leadingOf({ units: count, scale: 0 })];
  const weight = one.weight - two.weight - (one.digit <= two.digit ? 1 : 0);
  return Math.min(Math.max(MIN_SIGNIFICANT - weight * BASE_DIGITS, sum.scale, 0), MAX_SCALE);
}

/** The first digit of base 10,000 that is not zero, and its power. */
function leadingOf({ units, scale }: Decimal): { readonly digit: number; readonly weight: number } {
  if (units === 0n) return { digit: 0, weight: 0 };
  const digits = (units < 0n ? -units : units).toString();
  // Power of ten of the first decimal digit.
  const power = digits.length - 1 - scale;
  const weight = Math.floor(power / BASE_DIGITS);
  const length = power - weight * BASE_DIGITS + 1;
  return { digit: Number(digits.slice(0, length).padEnd(length, '0')), weight };
}
