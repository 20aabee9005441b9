import { DatabaseSync } from '@photostructure/sqlite';
import fc from 'fast-check';
import { createConnection, type Connection } from 'mysql2/promise';
import { Client, type QueryArrayConfig } from 'pg';
import type { Dialect } from '../../src/common/dialect';
import { analyse, closeAnalysis } from '../../src/sql/analyse';
import { describeEngine, freshMariadbDatabase, freshPostgresDatabase } from '../servers/servers';

/**
 * The promise of the analysis, put to the engines: what it accepts as a read of `allowed` alone never gives out the row
 * of `secret`, and never changes anything. Statements are made to mislead: comments, quotes and names that the
 * two sides might read differently, and WITH clauses that shadow both tables.
 */
const canary = 'CANARY';
const setUp = [
  'create table allowed (v varchar(20))',
  "insert into allowed values ('plain')",
  'create table secret (v varchar(20))',
  `insert into secret values ('${canary}')`,
];

/** Runs a statement and gives its rows as text; the text of an error counts as an answer too. */
type Run = (text: string) => Promise<string>;

async function isAccepted(dialect: Dialect, text: string): Promise<boolean> {
  const analysis = await analyse(dialect, text);
  if (!analysis.ok) return false;
  const { access, relations, functions } = analysis.facts;
  return (
    access === 'read' &&
    relations.every(({ schema, name }) => schema === null && name === 'allowed') &&
    functions.every(({ safe }) => safe)
  );
}

/** The quoted canary of an error message is that of the statement, which the caller wrote. */
const saysCanary = (answer: string, text: string): boolean =>
  answer.includes(canary) && !text.includes(canary);

const openers = [
  '/*',
  '*/',
  '/*!',
  '/*M!',
  '/*+',
  '/*!99999',
  '--',
  '-- ',
  '--\t',
  '#',
  "'",
  '"',
  '`',
  '$$',
  '$a$',
  '\\',
];
const code = [
  ' union select v from secret ',
  ' union table secret ',
  ' from secret ',
  ' v ',
  ' 1 ',
  ' as x ',
  ',',
  '(',
  ')',
];
const rest = [
  '\n',
  '\r',
  ' ',
  ';',
  '\u00a0',
  '\u2028',
  "''",
  "E'",
  "N'",
  'U&"',
  "_utf8'",
  "\\'",
  '1e5',
  '0x41',
  '.',
  '-',
  '@',
  '{',
  '}',
  '[',
  ']',
];

const misleading = fc
  .tuple(
    fc.constantFrom(
      ["select v from allowed where v <> 'x'", ' /* c */ ', ' -- d\n'],
      ['select v', ' from allowed', ' where v in (\'a\', "b")'],
      ['with x as (select v from allowed)', ' select v from x', ' union select v from allowed'],
    ),
    fc.array(fc.tuple(fc.nat(3), fc.constantFrom(...openers, ...code, ...rest)), {
      minLength: 1,
      maxLength: 7,
    }),
  )
  .map(([parts, insertions]) => {
    const pieces = [[], ...parts.map((part) => [part])] as string[][];
    for (const [at, inserted] of insertions) pieces[at % pieces.length]?.push(inserted);
    return pieces.flat().join('');
  });

const name = fc.constantFrom('allowed', 'secret', 'x', 'y');
const { scoped } = fc.letrec<{ scoped: string; body: string; source: string }>((tie) => ({
  source: fc.oneof(
    { depthSize: 'small' },
    { weight: 3, arbitrary: name },
    { weight: 1, arbitrary: tie('scoped').map((query) => `(${query}) as d`) },
  ),
  body: fc.oneof(
    { depthSize: 'small' },
    tie('source').map((source) => `select v from ${source}`),
    fc.constant("select 'cte' as v"),
    fc
      .tuple(tie('source'), tie('scoped'))
      .map(([from, query]) => `select v from ${from} where v in (${query})`),
  ),
  scoped: fc
    .tuple(
      fc.array(fc.tuple(name, tie('body')), { maxLength: 3 }),
      fc.boolean(),
      tie('body'),
      fc.option(tie('source'), { nil: null }),
    )
    .map(([clauses, recursive, body, united]) => {
      const list = clauses.map(([cte, query]) => `${cte} as (${query})`).join(', ');
      const query = united === null ? body : `${body} union all select v from ${united}`;
      return list === '' ? query : `with ${recursive ? 'recursive ' : ''}${list} ${query}`;
    }),
}));

async function expectNoLeak(dialect: Dialect, run: Run, statements: fc.Arbitrary<string>): Promise<number> {
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(statements, async (text) => {
      if (!(await isAccepted(dialect, text))) return;
      const answer = await run(text);
      if (!answer.startsWith('error')) answered += 1;
      expect(saysCanary(answer, text)).toBe(false);
    }),
    { numRuns: 1_500 },
  );
  return answered;
}

function itKeepsTheSecret(dialect: Dialect, run: Run): void {
  it('is not misled by comments, quotes and odd characters', async () => {
    expect(await expectNoLeak(dialect, run, misleading)).toBeGreaterThan(20);
  });

  it('resolves WITH clauses as the engine does', async () => {
    // How many of the generated statements run at all; a bound far below what chance gives.
    expect(await expectNoLeak(dialect, run, scoped)).toBeGreaterThan(40);
  });

  it('sees the canary when it may be read', async () => {
    expect(saysCanary(await run('select v from secret'), '')).toBe(true);
  });
}

const asText = (rows: unknown): string => JSON.stringify(rows);
const asError = (error: unknown): string => `error ${String(error)}`;

afterAll(() => closeAnalysis());

/** The extended protocol takes one statement only, as the driver sends them. */
const extended = (text: string): QueryArrayConfig & { queryMode: string } => ({
  text,
  rowMode: 'array',
  queryMode: 'extended',
});

describeEngine('postgresql', () => {
  let client: Client;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const fresh = await freshPostgresDatabase();
    drop = () => fresh.drop();
    client = new Client({ connectionString: fresh.url, statement_timeout: 2_000 });
    await client.connect();
    for (const statement of setUp) await client.query(statement);
  });

  afterAll(async () => {
    await client.end();
    await drop();
  });

  const run: Run = async (text) => {
    await client.query('begin read only');
    try {
      return asText((await client.query(extended(text))).rows);
    } catch (error) {
      return asError(error);
    } finally {
      await client.query('rollback');
    }
  };
  itKeepsTheSecret('postgresql', (text) => run(text));

  it.each([
    "select (x).ts_stat from (select 'select to_tsvector(v) from secret'::text as x) q",
    "select query_to_xml('select * from secret', true, true, '')",
    "select ts_stat('select to_tsvector(v) from secret')",
    "select table_to_xml('secret', true, true, '')",
    'select v from allowed where v = any (table secret)',
    'select (select v from secret limit 1)',
    'with allowed as (table secret) select * from allowed',
  ])('does not accept %s', async (text) => {
    expect(await isAccepted('postgresql', text)).toBe(false);
  });
});

describeEngine('mariadb', () => {
  let connection: Connection;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const fresh = await freshMariadbDatabase();
    drop = () => fresh.drop();
    connection = await createConnection({ uri: fresh.url, multipleStatements: true, charset: 'utf8mb4' });
    await connection.query("set session max_statement_time = 2, sql_mode = 'STRICT_TRANS_TABLES'");
    for (const statement of setUp) await connection.query(statement);
  });

  afterAll(async () => {
    await connection.end();
    await drop();
  });

  const run: Run = async (text) => {
    await connection.query('start transaction read only');
    try {
      // Several statements at once are let through here: that only one arrives is for the analysis to see.
      return asText((await connection.query({ sql: text, rowsAsArray: true }))[0]);
    } catch (error) {
      return asError(error);
    } finally {
      await connection.query('rollback');
    }
  };
  itKeepsTheSecret('mysql', (text) => run(text));
});

describe('sqlite', () => {
  const database = new DatabaseSync(':memory:');
  for (const statement of setUp) database.exec(statement);
  afterAll(() => database.close());

  itKeepsTheSecret('sqlite', (text) => {
    try {
      return Promise.resolve(asText(database.prepare(text).all()));
    } catch (error) {
      return Promise.resolve(asError(error));
    }
  });
});
