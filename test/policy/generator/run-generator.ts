import fc from 'fast-check';
import type { Bench } from '../bench';
import { canarySearch, withoutNoise } from '../encodings';
import { formed, sameRows } from '../judge';
import { placed, startSubject, type Seen, type Subject } from '../subject';
import { canaries, longCanaries } from '../worlds';
import { buildStatement } from './build-statement';
import { dialects } from './dialects';

const findCanary = canarySearch(canaries);
/** Statements in flight at once: less than a connection has sessions. */
const together = 8;

/** The bench has one session for each database, in which a transaction is open while it asks. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
const turns = new Turns();

/** What the statement showed that it may not, or how its rows are not what they should be; `null` when all is well. */
async function complain(bench: Bench, subject: Subject, statement: string): Promise<string | null> {
  const asked = { profile: 'analyst', statement };
  const inA = await subject.ask('A', asked);
  const inB = await subject.ask('B', asked);
  for (const { text } of [inA, inB]) {
    const found = findCanary(text, statement);
    if (found !== null) return `the canary ${found}`;
  }
  if (told(bench, inA) !== told(bench, inB))
    return `the worlds differ: ${told(bench, inA)} / ${told(bench, inB)}`;
  const text = placed(bench, 'A', statement);
  if (inA.ok) {
    const masked = await turns.take(() => bench.masked(text));
    if (masked.ok && !equal(bench, inA.rows, masked.rows))
      return `rows that are not those of the masked copy: ${JSON.stringify(inA.rows)} / ${JSON.stringify(masked.rows)}`;
  }
  return null;
}

/** Without policies the rows are those of the bare server. */
async function complainFree(bench: Bench, subject: Subject, statement: string): Promise<string | null> {
  const answer = await subject.ask('A', { profile: 'free', statement });
  const bare = await turns.take(() => bench.bare('A', placed(bench, 'A', statement)));
  if (answer.ok !== bare.ok)
    return `${answer.ok ? 'only the service' : 'only the server'} runs it: ${answer.text}`;
  return equal(bench, answer.rows, bare.rows) ? null : `other rows than the bare server's`;
}

const equal = (bench: Bench, a: Seen['rows'], b: Seen['rows']): boolean =>
  sameRows(rounded(formed(bench, a)), rounded(formed(bench, b)), false);

/** Sums of binary fractions depend on the order of the rows. */
const rounded = (rows: unknown[][]): unknown[][] =>
  rows.map((row) =>
    row.map((cell) =>
      typeof cell === 'string' && /^-?\d+\.\d{6,}$|e[+-]\d+$/.test(cell) ? Number(cell).toPrecision(9) : cell,
    ),
  );

/** The answer without the order of its rows, which the plan decides. */
function told(bench: Bench, { ok, status, code, columns, rows, text }: Seen): string {
  if (!ok) return text;
  const lines = rounded(formed(bench, rows)).map((row) => JSON.stringify(row));
  return withoutNoise([status, code, ...columns, ...lines.sort()].join('\n'));
}

export interface GeneratorOptions {
  readonly engine: 'postgresql' | 'mariadb' | 'sqlite';
  readonly startBench: () => Promise<Bench>;
  /** How many are asked under policies; a third as many more without. */
  readonly statements: number;
  readonly seed: number;
}

/** Random statements of one engine as tests of the calling file. */
export function runGenerator({ engine, startBench, statements, seed }: GeneratorOptions): void {
  let bench: Bench;
  let subject: Subject;
  let before: string;
  const dialect = dialects[engine];
  const digests = async (): Promise<string> => `${await bench.digest('A')} ${await bench.digest('B')}`;

  beforeAll(async () => {
    bench = await startBench();
    subject = await startSubject(bench);
    before = await digests();
  }, 60_000);
  afterAll(async () => {
    await subject?.close();
    await bench?.close();
  });

  const tape = fc.array(fc.nat(9_999), { minLength: 0, maxLength: 120, size: 'max' });
  const check = async (complaint: typeof complain, count: number): Promise<void> => {
    await fc.assert(
      fc.asyncProperty(fc.array(tape, { minLength: together, maxLength: together }), async (tapes) => {
        const texts = tapes.map((each) => buildStatement(dialect, each));
        const found = await Promise.all(
          texts.map(async (text) => ({ text, complaint: await complaint(bench, subject, text) })),
        );
        expect(found.filter((each) => each.complaint !== null)).toEqual([]);
      }),
      { numRuns: Math.ceil(count / together), seed, interruptAfterTimeLimit: 1_700_000 },
    );
  };

  it('shows nothing that is protected, and the rows that are left', async () => {
    await check(complain, statements);
  }, 1_800_000);

  it('shows the rows of the bare server where there are no policies', async () => {
    await check(complainFree, Math.ceil(statements / 3));
  }, 1_800_000);

  it('mostly makes statements that run', async () => {
    const texts = fc.sample(tape, { numRuns: 200, seed }).map((each) => buildStatement(dialect, each));
    let ran = 0;
    for (const text of texts) if ((await bench.bare('A', placed(bench, 'A', text))).ok) ran += 1;
    expect(ran).toBeGreaterThan(140);
  }, 60_000);

  it('leaves nothing behind', async () => {
    expect(canarySearch(longCanaries)(await subject.traces())).toBeNull();
    expect(await digests()).toBe(before);
  }, 60_000);
}
