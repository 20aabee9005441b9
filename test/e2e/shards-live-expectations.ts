import type { Absence, LiveReport, Visit } from './shards-live';

/** Until when a replica that has not made a change may still act on the map of before. */
const ADOPTED_WITHIN_MS = 2000;

/** What must be empty of a report: each list names what is wrong. */
export function wrongIn(report: LiveReport): Record<string, readonly unknown[]> {
  const { visits, absences, stays, rows } = report;
  const possible = (one: Visit): string[] =>
    stays
      .get(one.user)!
      .filter(({ leaving }, index, all) => {
        const next = all[index + 1];
        const isFirst = index === 0;
        const since = isFirst ? -Infinity : all[index - 1]!.leaving;
        const until = next ? Math.max(leaving, next.since + ADOPTED_WITHIN_MS) : Infinity;
        return one.to >= since && one.from <= until;
      })
      .map(({ shard }) => shard);
  const near = (one: Visit): Absence[] =>
    absences.filter(
      ({ shard, leaving, returned }) =>
        possible(one).includes(shard) && one.to >= leaving && one.from <= returned + ADOPTED_WITHIN_MS,
    );
  const isMoving = (one: Visit): boolean => possible(one).length > 1;
  const refused = visits.filter(({ status }) => status !== 200);
  const owners = new Map([...stays].map(([user, all]) => [user, all.at(-1)!.shard]));
  const places = new Map<string, string[]>();
  const foreign: unknown[] = [];
  for (const [database, found] of rows) {
    for (const [row, user] of found) {
      places.set(row, [...(places.get(row) ?? []), database]);
      if (owners.get(user) !== database) foreign.push({ row, user, database, owner: owners.get(user) });
    }
  }
  const written = visits.filter(({ row, status }) => row !== null && status === 200);
  const within = absences.map((absence) => ({
    absence,
    asked: visits.filter(
      (one) =>
        !isMoving(one) &&
        possible(one)[0] === absence.shard &&
        one.from > absence.left &&
        one.to < absence.returning,
    ),
  }));
  return {
    'read from another database': visits.filter(
      (one) => one.answeredBy !== null && !possible(one).includes(one.answeredBy),
    ),
    'rows that are not with their owner': foreign,
    'rows that were confirmed and are not there once': written.filter(
      ({ row }) => (places.get(row!) ?? []).length !== 1,
    ),
    'errors on shards that are not touched': refused.filter(
      (one) => near(one).length === 0 && !isMoving(one),
    ),
    'refusals without their reason': refused.filter(
      (one) =>
        near(one).every(({ refusal }) => refusal !== one.code) &&
        !(isMoving(one) && one.row !== null && one.status === 503 && one.code === 'shard.moving'),
    ),
    '503 without Retry-After': refused.filter(
      ({ status, retryAfter }) => status === 503 && retryAfter === null,
    ),
    'let through although it was away': within
      .flatMap(({ asked }) => asked)
      .filter(({ status }) => status === 200),
    'absences that nobody met': within
      .filter(({ asked }) => asked.length === 0)
      .map(({ absence }) => absence),
  };
}
