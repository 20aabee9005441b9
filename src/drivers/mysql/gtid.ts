/** `domain-server-sequence`: sequences of a domain follow one another whichever server wrote them (MariaDB). */
const mariadbGtid = /^(\d+)-\d+-(\d+)$/;
/** `source:interval…`, with an optional tag before the intervals (MySQL manual, "GTID Format and Storage"). */
const mysqlGtids = /^([0-9a-f-]{36}(?::[a-z_]\w*)?)((?::\d+(?:-\d+)?)+)$/i;

/** The last sequence of each domain. */
function readPosition(text: string): ReadonlyMap<string, bigint> | null {
  const last = new Map<string, bigint>();
  for (const item of text.split(',')) {
    const [, domain, sequence] = mariadbGtid.exec(item) ?? [];
    if (domain === undefined || sequence === undefined) return null;
    const known = last.get(domain) ?? 0n;
    const found = BigInt(sequence);
    last.set(domain, found > known ? found : known);
  }
  return last;
}

type Interval = readonly [from: bigint, to: bigint];

/** The intervals of each source, in order and apart from one another, as the server writes them. */
function readSet(text: string): ReadonlyMap<string, readonly Interval[]> | null {
  const sets = new Map<string, Interval[]>();
  for (const item of text.split(',')) {
    const [, source, intervals] = mysqlGtids.exec(item) ?? [];
    if (source === undefined || intervals === undefined) return null;
    const own = sets.get(source.toLowerCase()) ?? [];
    for (const interval of intervals.slice(1).split(':')) {
      const [from, to] = interval.split('-');
      own.push([BigInt(from!), BigInt(to ?? from!)]);
    }
    sets.set(source.toLowerCase(), own);
  }
  return sets;
}

/** Whether a position holds everything of another one; what cannot be read holds nothing. */
export function coversGtids(position: string, wanted: string): boolean {
  const [at, other] = [readPosition(position), readPosition(wanted)];
  if (at && other) return [...other].every(([domain, sequence]) => (at.get(domain) ?? 0n) >= sequence);
  const [set, subset] = [readSet(position), readSet(wanted)];
  if (!set || !subset) return false;
  return [...subset].every(([source, intervals]) =>
    intervals.every(([from, to]) =>
      (set.get(source) ?? []).some(([first, last]) => first <= from && to <= last),
    ),
  );
}

/** Two positions of MariaDB as one: the last of each domain. A single position stays as it is written. */
export function unionOfGtids(one: string, other: string): string {
  if (one === '' || other === '') return one || other;
  const last = new Map<string, string>();
  for (const item of [...one.split(','), ...other.split(',')]) {
    const [, domain, sequence] = mariadbGtid.exec(item) ?? [];
    if (domain === undefined || sequence === undefined) return '';
    const known = last.get(domain);
    if (known === undefined || BigInt(mariadbGtid.exec(known)![2]!) < BigInt(sequence))
      last.set(domain, item);
  }
  return [...last.values()].join(',');
}
