import type { Random } from './random';

const daySeconds = 86_400;

/** A time in UTC, whole seconds, `from` included and `to` not; both ISO 8601. */
export function timeBetween(random: Random, from: string, to: string): string {
  const first = Date.parse(from) / 1000;
  const last = Math.max(first, Date.parse(to) / 1000 - 1);
  return new Date(random.integer(first, last) * 1000).toISOString();
}

/** A date, both ends included. */
export function dayBetween(random: Random, from: string, to: string): string {
  const days = (Date.parse(to) - Date.parse(from)) / 1000 / daySeconds;
  return new Date(Date.parse(from) + random.integer(0, days) * daySeconds * 1000).toISOString().slice(0, 10);
}

export function hoursLater(time: string, hours: number): string {
  return new Date(Date.parse(time) + hours * 3_600_000).toISOString();
}
