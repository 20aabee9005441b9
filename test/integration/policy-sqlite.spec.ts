import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { AppError } from '../../src/common/app-error';
import { RawJson, type Cell } from '../../src/drivers/cell';
import type { ConnectOptions, Source } from '../../src/drivers/driver';
import { sqliteDriver } from '../../src/drivers/sqlite/sqlite-driver';
import { analyse } from '../../src/sql/analyse';
import type { Rewriting, RewrittenStatement } from '../../src/sql/policy/rewriting';
import { attacks, type Attack } from './policy-sqlite.attacks';
import { canaries, hashKey, reference, schema, viewer } from './policy-sqlite.data';
import { statementOf } from './policy-sqlite.generator';
import { honest } from './policy-sqlite.honest';
import { writes } from './policy-sqlite.writes';
import { rewriteOnSource, type Viewer } from './rewrite-on-source';

const never = new AbortController().signal;
const options: ConnectOptions = {
  maxSessions: 2,
  keepSessions: 1,
  idleMs: 60_000,
  recycleMs: 600_000,
  prePingAfterMs: 1_000,
  connectTimeoutMs: 10_000,
  acquireTimeoutMs: 5_000,
  readOnly: false,
  applicationName: 'test',
  resolveHost: () => Promise.reject(new Error('no host is resolved')),
  resolveFile: (file) => Promise.resolve(file),
};

const dir = mkdtempSync(path.join(tmpdir(), 'sluice-policy-'));
const fileOf = (name: string): string => path.join(dir, `${name}.db`);
const opened: Source[] = [];

async function open(name: string): Promise<Source> {
  const config = sqliteDriver.parseConfig({ database: fileOf(name) });
  const source = await sqliteDriver.connect(config, options, never);
  opened.push(source);
  return source;
}

function make(name: string, sql: string): void {
  const db = new DatabaseSync(fileOf(name));
  db.exec(sql);
  db.close();
}

let real: Source;
let expected: Source;
beforeAll(async () => {
  make('real', schema);
  make('reference', reference);
  real = await open('real');
  expected = await open('reference');
});
afterAll(async () => {
  await Promise.all(opened.map((source) => source.close()));
  rmSync(dir, { recursive: true, force: true });
});

const plain = (cell: Cell): unknown => (cell instanceof RawJson ? (JSON.parse(cell.text) as unknown) : cell);

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

async function run(
  source: Source,
  statement: Pick<RewrittenStatement, 'text' | 'restsOn' | 'reads'>,
  values: readonly unknown[] = [],
): Promise<Answer> {
  const described = await source.describe(statement.restsOn, never);
  const expects = statement.restsOn.map((relation, index) => ({
    ...relation,
    version: described[index]?.version ?? null,
  }));
  const access = /^\s*(?:explain\s+)?(?:with[^]*?\)\s*)?(?:insert|replace|update|delete)\b/i.test(
    statement.text,
  )
    ? 'write'
    : 'read';
  const { text, reads } = statement;
  const request = {
    text,
    values,
    access,
    timeoutMs: 30_000,
    expects,
    hashKey,
    ...(reads && { reads }),
  } as const;
  await using cursor = await source.query(request, never);
  const rows = await cursor.read(10_000);
  return { columns: cursor.columns.map(({ name }) => name), rows: rows.map((row) => row.map(plain)) };
}

const bare = (source: Source, text: string, values: readonly unknown[] = []): Promise<Answer> =>
  run(source, { text, restsOn: [] }, values);

/** Analyses before it rewrites, as the service does. */
async function rewriteSafely(
  source: Source,
  text: string,
  by: Viewer,
): Promise<{
  readonly rewriting: Exclude<Rewriting, { readonly missing: unknown }>;
}> {
  const analysis = await analyse('sqlite', text);
  if (!analysis.ok) return { rewriting: { ok: false, refusal: analysis.refusal } };
  const { rewriting } = await rewriteOnSource(source, text, by, never);
  if ('missing' in rewriting) throw new Error('something is missing after all');
  return { rewriting };
}

type Outcome =
  | { readonly code: string; readonly said: string }
  | { readonly answer: Answer; readonly statement: RewrittenStatement };

/** A statement as the viewer sends it: what comes back, or what was said instead. */
async function ask(source: Source, text: string, values: readonly unknown[] = []): Promise<Outcome> {
  const { rewriting } = await rewriteSafely(source, text, viewer);
  if (!rewriting.ok) return { code: rewriting.refusal.code, said: JSON.stringify(rewriting.refusal) };
  try {
    return { answer: await run(source, rewriting.statement, values), statement: rewriting.statement };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return {
      code: error.code,
      said: `${error.message} ${JSON.stringify(error.extra ?? {})}`,
    };
  }
}

async function answerOf(
  source: Source,
  text: string,
  values: readonly unknown[] = [],
): Promise<Answer & { statement: RewrittenStatement }> {
  const outcome = await ask(source, text, values);
  if ('code' in outcome) throw new Error(`${outcome.code}: ${outcome.said}`);
  return { ...outcome.answer, statement: outcome.statement };
}

/** What a canary may look like when it leaves in a simple disguise. */
const encodings = canaries.flatMap((canary) => [
  canary.toLowerCase(),
  Buffer.from(canary).toString('hex'),
  Buffer.from(canary).toString('base64').replace(/=+$/, '').slice(0, -1).toLowerCase(),
  canary.split('').toReversed().join('').toLowerCase(),
  Array.from(canary, (letter) => letter.charCodeAt(0)).join(','),
]);

function leaksIn(said: string): string[] {
  const lower = said.toLowerCase();
  return encodings.filter((encoding) => lower.includes(encoding));
}

describe('an honest statement', () => {
  const listed = honest.map((one): readonly [string, readonly unknown[]] =>
    typeof one === 'string' ? [one, []] : [one[0], one.slice(1)],
  );

  it.each(listed)('meets what the viewer may see: %s', async (text, values) => {
    const { statement, ...answer } = await answerOf(real, text, values);
    expect(answer).toEqual(await bare(expected, text, values));
    const masked = statement.maskedColumns;
    expect(masked ?? answer.columns).toHaveLength(answer.columns.length);
    expect(leaksIn(JSON.stringify(answer))).toEqual([]);
  });

  it.each(listed)('is sent as it was written where no policy holds: %s', async (text, values) => {
    const { rewriting } = await rewriteSafely(real, text, { ...viewer, policyOf: () => null });
    expect(rewriting).toMatchObject({ ok: true, statement: { text, edits: [], maskedColumns: null } });
    expect(await run(real, { text, restsOn: [] }, values)).toEqual(await bare(real, text, values));
  });
});

describe('statements out of a generator', () => {
  const seeds = Array.from({ length: 1_000 }, (_, seed) => seed);
  const sorted = ({ rows }: Answer): string[] => rows.map((one) => JSON.stringify(one)).toSorted();

  it('meet what the viewer may see, or fail as they would there', async () => {
    let answered = 0;
    for (const seed of seeds) {
      const text = statementOf(seed);
      const there = await bare(expected, text).then(sorted, (error: AppError) => error.code);
      const outcome = await ask(real, text);
      const here = 'code' in outcome ? outcome.code : sorted(outcome.answer);
      expect({ seed, text, here }).toEqual({ seed, text, here: there });
      expect(leaksIn('code' in outcome ? outcome.said : JSON.stringify(outcome.answer.rows))).toEqual([]);
      if (Array.isArray(here)) answered += 1;
    }
    expect(answered).toBeGreaterThan(seeds.length / 2);
  }, 120_000);
});

describe('the second line', () => {
  it.each([
    ['select id from customers', 'select ssn from customers'],
    ['select email from customers', 'select note from customers'],
    ['select * from customers', 'select initials from customers'],
    ['select count(*) from customers', 'select count(ssn) from customers'],
    ['select * from customer_list', "select id from customers where ssn like 'CANARY%'"],
    ['select id, email from customers', 'select body from docs'],
    ['select total from orders', 'select ssn from customer_list'],
  ])('reads for %s nothing else: %s', async (planned, sent) => {
    const { statement } = await answerOf(real, planned);
    const refused = await run(real, { ...statement, text: sent }).then(
      () => null,
      (error: AppError) => error.code,
    );
    expect(refused).toBe('query.unsupported');
  });
});

describe('an attack', () => {
  it.each(attacks)('$text', async ({ text, values, code, rows }: Attack) => {
    const outcome = await ask(real, text, values ?? []);
    // names of columns are pieces of the statement
    const said = 'code' in outcome ? outcome.said : JSON.stringify(outcome.answer.rows);
    expect(leaksIn(said)).toEqual([]);
    const given = 'code' in outcome ? outcome.code : outcome.answer.rows;
    const isOpen = code === undefined && rows === undefined;
    expect(isOpen ? Array.isArray(given) : given).toEqual(code ?? rows ?? true);
  });
});

/** What a refused write must leave as it is. */
const everything = `select (select group_concat(quote(id) || quote(total) || quote(note) || quote(region)) from orders),
  (select group_concat(quote(email) || quote(phone) || quote(ssn)) from customers), (select count(*) from logs),
  (select group_concat(code) from staff)`;

describe('a write', () => {
  let file = 0;
  it.each(writes)('$text', async ({ text, code, rows, after }) => {
    file += 1;
    copyFileSync(fileOf('real'), fileOf(`copy${file}`));
    const source = await open(`copy${file}`);
    const outcome = await ask(source, text);
    const said = 'code' in outcome ? outcome.said : JSON.stringify(outcome.answer);
    expect(leaksIn(said)).toEqual([]);
    expect('code' in outcome ? outcome.code : outcome.answer.rows).toEqual(code ?? rows ?? []);
    for (const [question, answer] of Object.entries(after ?? {}))
      expect((await bare(source, question)).rows).toEqual(answer);
    const left = await bare(source, everything);
    expect(code === undefined ? [] : left.rows).toEqual(
      code === undefined ? [] : (await bare(real, everything)).rows,
    );
    await source.close();
  });
});
