/** Milliseconds to the microsecond, as times stand in answers and records. */
export function roundedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
