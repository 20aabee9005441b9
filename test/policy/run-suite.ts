import type { Bench } from './bench';
import { canarySearch } from './encodings';
import { judgeAttack, judgeHonest, leaksBare, leaksElsewhere, type Judgement, type Outcome } from './judge';
import { readSuite } from './read-suite';
import { startSubject, type Subject } from './subject';
import type { SuiteFile } from './suite-entry';
import { longCanaries } from './worlds';

/** At most this share of the honest statements may be refused or answered otherwise. */
const honestShare = 0.97;

/** The whole suite of one engine, as tests of the calling file. */
export function runSuite(engine: string, startBench: () => Promise<Bench>): void {
  let bench: Bench;
  let subject: Subject;
  let before: string;
  const honest: Judgement[] = [];
  const report: string[] = [];

  const digests = async (): Promise<string> => `${await bench.digest('A')} ${await bench.digest('B')}`;

  beforeAll(async () => {
    bench = await startBench();
    subject = await startSubject(bench);
    before = await digests();
  }, 60_000);
  afterAll(async () => {
    if (report.length > 0) process.stdout.write(`${report.join('\n')}\n`);
    await subject?.close();
    await bench?.close();
  });

  const attacks = readSuite(engine, 'attacks');
  const reads = readSuite(engine, 'honest').filter(({ name }) => !name.endsWith('/writes'));
  const writes = readSuite(engine, 'honest').filter(({ name }) => name.endsWith('/writes'));

  describe.each(attacks)('$name: $theme', (file) => {
    it('tells nothing that is protected', async () => {
      const judgements = [];
      for (const entry of file.entries) judgements.push(await judgeAttack(bench, subject, entry));
      report.push(line(file, judgements));
      expect(complaints(judgements, 'LEAKED', 'unexpected')).toEqual([]);
    }, 120_000);

    it('tells nothing through other doors', async () => {
      const leaks = [];
      for (const entry of file.entries) {
        const found = await leaksElsewhere(subject, entry);
        if (found !== null) leaks.push(`${entry.id}: ${found}`);
      }
      expect(leaks).toEqual([]);
    }, 120_000);

    it('would tell it on the bare server where it says so', async () => {
      const wrong = [];
      for (const entry of file.entries) {
        if (entry.leaksOnBareServer && !(await leaksBare(bench, entry))) wrong.push(entry.id);
      }
      expect(wrong).toEqual([]);
    }, 120_000);
  });

  describe.each(reads)('$name: $theme', (file) => {
    it('has the rows it would have without the service', async () => {
      const judgements = [];
      for (const entry of file.entries) judgements.push(await judgeHonest(bench, subject, entry));
      report.push(line(file, judgements));
      honest.push(...judgements);
      expect(complaints(judgements, 'LEAKED', 'differed', 'unexpected')).toEqual([]);
    }, 120_000);
  });

  it('leaves the servers as they were', async () => {
    expect(await digests()).toBe(before);
  });

  describe.each(writes)('$name: $theme', (file) => {
    it('changes what it would change without the service', async () => {
      const judgements = [];
      for (const entry of file.entries) judgements.push(await judgeHonest(bench, subject, entry));
      report.push(line(file, judgements));
      honest.push(...judgements);
      expect(complaints(judgements, 'LEAKED', 'differed', 'unexpected')).toEqual([]);
      expect(await bench.digest('A')).toBe(await bench.digest('copy'));
    }, 120_000);
  });

  it('refuses almost no honest statement', () => {
    const refused = honest.filter(({ outcome }) => outcome === 'refused');
    for (const each of refused) report.push(`  refused ${describeJudgement(each)}`);
    expect(honest.length).toBeGreaterThan(0);
    expect(1 - refused.length / honest.length).toBeGreaterThanOrEqual(honestShare);
  });

  it('leaves no protected value in its log, history, audit, metrics and tables', async () => {
    const asked = [...attacks, ...reads, ...writes].flatMap(({ entries }) =>
      entries.map((entry) => JSON.stringify(entry)),
    );
    expect(canarySearch(longCanaries)(await subject.traces(), asked.join('\n'))).toBeNull();
  });
}

const describeJudgement = ({ entry, detail }: Judgement): string =>
  `${entry.id} (${entry.profile}): ${detail}`;

function complaints(judgements: readonly Judgement[], ...bad: Outcome[]): string[] {
  return judgements
    .filter(({ outcome }) => bad.includes(outcome))
    .map((each) => `${each.outcome} ${describeJudgement(each)}`);
}

function line(file: SuiteFile, judgements: readonly Judgement[]): string {
  const counts = new Map<Outcome, number>();
  for (const { outcome } of judgements) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return `${file.name}: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`;
}
