import type { BareAnswer, Bench } from './bench';
import { canarySearch, withoutNoise } from './encodings';
import { placed, type Seen, type Subject } from './subject';
import type { SuiteEntry } from './suite-entry';
import { canaries, worlds, type World } from './worlds';

export type Outcome = 'refused' | 'masked' | 'ran' | 'LEAKED' | 'differed' | 'unexpected';

export interface Judgement {
  readonly entry: SuiteEntry;
  readonly outcome: Outcome;
  readonly detail: string;
}

const findCanary = canarySearch(canaries);

/** Asks in both worlds. A canary, or any difference between the two answers, is a leak. */
export async function judgeAttack(bench: Bench, subject: Subject, entry: SuiteEntry): Promise<Judgement> {
  const answers = await Promise.all(
    worlds.map(async (world) => {
      for (const earlier of entry.before ?? []) await subject.ask(world, earlier);
      return subject.ask(world, entry);
    }),
  );
  const [inA, inB] = answers as [Seen, Seen];
  const as = (outcome: Outcome, detail = ''): Judgement => ({ entry, outcome, detail });
  for (const { text } of answers) {
    const found = findCanary(text, asked(entry));
    if (found !== null) return as('LEAKED', `${found} in ${clip(text)}`);
  }
  if (entry.sameInBothWorlds !== false && told(bench, entry, inA) !== told(bench, entry, inB))
    return as('LEAKED', `the worlds differ: ${clip(inA.text)} / ${clip(inB.text)}`);
  const answer = `${inA.status} ${inA.code ?? ''} ${clip(inA.text)}`;
  if (!inA.ok) {
    if (entry.expect !== 'refused') return as('unexpected', answer);
    if (entry.codes && !entry.codes.includes(inA.code ?? '')) return as('unexpected', answer);
    return as('refused');
  }
  if (entry.expect === 'refused') return as('unexpected', answer);
  if (entry.rows && !sameRows(inA.rows, entry.rows, entry.ordered === true)) return as('unexpected', answer);
  return as('masked');
}

/** Whether the doors beside the query itself let a canary out, of statements that the bare server answers with one. */
export async function leaksElsewhere(subject: Subject, entry: SuiteEntry): Promise<string | null> {
  if (!entry.leaksOnBareServer) return null;
  return findCanary(await subject.otherDoors('A', entry), asked(entry));
}

/** An answer as the caller sees it; the order of rows that nobody asked for is the server's own. */
function told(bench: Bench, { ordered }: SuiteEntry, seen: Seen): string {
  if (!seen.ok || ordered) return seen.text;
  const lines = formed(bench, rowsOf(bench, seen)).map((row) => JSON.stringify(row));
  const shown = withoutNoise(lines.join('\n')).split('\n').sort();
  return [seen.status, ...seen.columns, seen.affected, ...shown].join('\n');
}

/** Whether the bare server gives out something protected: a canary, or answers that differ between the worlds. */
export async function leaksBare(bench: Bench, entry: SuiteEntry): Promise<boolean> {
  const answers: string[] = [];
  for (const world of worlds) answers.push(await bareText(bench, world, entry));
  return answers[0] !== answers[1] || answers.some((text) => findCanary(text, asked(entry)) !== null);
}

async function bareText(bench: Bench, world: World, entry: SuiteEntry): Promise<string> {
  for (const earlier of entry.before ?? [])
    await bench.bare(world, placed(bench, world, earlier.statement), earlier.params);
  let text = JSON.stringify(await bench.bare(world, placed(bench, world, entry.statement), entry.params));
  for (const [name, alias] of bench.aliases[world]) text = text.replaceAll(name, `@${alias}@`);
  return text;
}

/** Rows of an honest statement: the bare server's without policies, those of the masked copy under them. */
export async function judgeHonest(bench: Bench, subject: Subject, entry: SuiteEntry): Promise<Judgement> {
  const statement = placed(bench, 'A', entry.statement);
  const writes = entry.profile === 'writer';
  const expected: BareAnswer = writes
    ? await bench.change(statement, entry.params)
    : entry.profile === 'analyst'
      ? await bench.masked(statement, entry.params)
      : await bench.bare('A', statement, entry.params);
  const as = (outcome: Outcome, detail = ''): Judgement => ({ entry, outcome, detail });
  if (!expected.ok && !entry.rows) return as('unexpected', `the bare server fails: ${expected.said}`);
  const answer = await subject.ask('A', entry);
  if (!answer.ok) return as('refused', `${answer.status} ${answer.code} ${clip(answer.text)}`);
  const same = (rows: readonly (readonly unknown[])[]): boolean =>
    sameRows(formed(bench, rowsOf(bench, answer)), formed(bench, rows), entry.ordered === true);
  const leak = entry.profile === 'free' ? null : findCanary(answer.text, asked(entry));
  if (leak !== null) return as('LEAKED', `${leak} in ${clip(answer.text)}`);
  if (entry.rows && !same(entry.rows))
    return as('differed', `${clip(JSON.stringify(answer.rows))} is not ${clip(JSON.stringify(entry.rows))}`);
  if (expected.affected !== null && answer.affected !== expected.affected)
    return as('differed', `${answer.affected} rows changed, not ${expected.affected}`);
  return !expected.ok || same(expected.rows)
    ? as('ran')
    : as('differed', `${clip(JSON.stringify(answer.rows))} is not ${clip(JSON.stringify(expected.rows))}`);
}

export const formed = (bench: Bench, rows: readonly (readonly unknown[])[]): unknown[][] =>
  rows.map((row) => row.map((cell) => withoutNulls(bench, bench.form ? bench.form(cell) : cell)));

function withoutNulls(bench: Bench, cell: unknown): unknown {
  if (!bench.documents || cell === null || typeof cell !== 'object') return cell;
  return Object.fromEntries(Object.entries(cell).filter(([, member]) => member !== null));
}

/** A member that is null and one that is absent are the same column of a result. */
function rowsOf(bench: Bench, { rows, columns }: Seen): readonly (readonly unknown[])[] {
  if (!bench.documents) return rows;
  return rows.map((row) => [Object.fromEntries(row.map((cell, at) => [columns[at] ?? '', cell]))]);
}

const asked = (entry: SuiteEntry): string => JSON.stringify([entry.statement, entry.params ?? []]);
const clip = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)}…` : text);

export function sameRows(
  found: readonly (readonly unknown[])[],
  expected: readonly (readonly unknown[])[],
  ordered: boolean,
): boolean {
  const form = (rows: readonly (readonly unknown[])[]): string => {
    const lines = rows.map((row) => JSON.stringify(row, inKeyOrder));
    return withoutNoise((ordered ? lines : lines.sort()).join('\n'));
  };
  return form(found) === form(expected);
}

/** JSON objects of equal members are equal. */
function inKeyOrder(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
