import type { Verdict } from './finding';

/** What somebody reads who asked whether the record is as it was written. */
export function describeVerdict(verdict: Verdict, seconds: number): string {
  const { findings, problems, records, roots, chains, unsigned } = verdict;
  const lines = [
    `${records} records in ${chains} chains under ${roots} roots, in ${seconds.toFixed(1)} s`,
    ...(verdict.to === null ? [] : [`signed: from ${verdict.from} to ${verdict.to}`]),
    ...(unsigned === 0 ? [] : [`${unsigned} records after the last root are linked, and not signed yet`]),
    ...(verdict.droppedUntil === null
      ? []
      : [
          `records until ${verdict.droppedUntil} are not there; their roots are: was retention to drop them?`,
        ]),
    ...(verdict.complete
      ? []
      : ['chosen by filters: each record was held against itself; whether one is missing cannot be told']),
    ...findings.map(({ kind, message }) => `WRONG (${kind}): ${message}`),
    ...(problems > findings.length ? [`… and ${problems - findings.length} more`] : []),
    problems === 0 ? 'OK' : `NOT OK: ${problems} problems`,
  ];
  return `${lines.join('\n')}\n`;
}
