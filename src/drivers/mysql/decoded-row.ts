import type { WireValue } from './cell-reader';

/** Rows that may wait while nobody reads. */
export const highWaterRows = 1_000;

/** About as many bytes as it takes in memory. */
export function sizeOf(row: readonly WireValue[]): number {
  let bytes = 0;
  for (const value of row) bytes += typeof value === 'string' || Buffer.isBuffer(value) ? value.length : 8;
  return bytes;
}
