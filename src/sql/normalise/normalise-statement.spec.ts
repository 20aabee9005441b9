import fc from 'fast-check';
import type { Dialect } from '../../common/dialect';
import { analyse, closeAnalysis } from '../analyse';
import { normaliseStatement } from './normalise-statement';

afterAll(closeAnalysis);

async function normal(dialect: Dialect, text: string): Promise<string | null> {
  // What a record shows has been read before.
  await analyse(dialect, text);
  return normaliseStatement(dialect, text).text;
}

describe('normaliseStatement', () => {
  it.each<[Dialect, string, string]>([
    [
      'postgresql',
      `SELECT a FROM t WHERE b = 'canary' AND c > -1.5e3`,
      'SELECT a FROM t WHERE b = $1 AND c > -$2',
    ],
    ['postgresql', `SELECT $1::int + 7, $2, 'canary'`, 'SELECT $1::int + $3, $2, $4'],
    [
      'postgresql',
      `SELECT E'can\\'ary', U&'canary' UESCAPE '!', B'1', X'ca', $$canary$$, $a$canary$a$, 0x1F, 1_000`,
      'SELECT $1, $2 UESCAPE $3, $4, $5, $6, $7, $8, $9',
    ],
    [
      'postgresql',
      `SELECT a -- canary\n /* canary /* canary */ */ , "Order Items" FROM t;`,
      'SELECT a , "Order Items" FROM t',
    ],
    ['postgresql', `SELECT 1 FROM t WHERE ssn = "078-05-1120"`, 'SELECT $1 FROM t WHERE ssn = "?"'],
    ['postgresql', `SELECT U&"canary"`, 'SELECT "?"'],
    [
      'postgresql',
      `SELECT date '2026-01-01', ARRAY[1,2], t.a[3], j->>'canary', j ? 'canary'`,
      'SELECT date $1, ARRAY[$2,$3], t.a[$4], j->>$5, j ? $6',
    ],
    [
      'postgresql',
      `SELECT 'caf\u00e9 \u{1F600}', "\u00fcber" FROM t WHERE x = 'canary'`,
      'SELECT $1, "\u00fcber" FROM t WHERE x = $2',
    ],
    ['postgresql', 'SELECT true, null', 'SELECT true, null'],
    [
      'mysql',
      `SELECT a FROM t WHERE b = 'canary' AND c > -1.5e-3 AND d = "can""ary" -- canary`,
      'SELECT a FROM t WHERE b = ? AND c > -? AND d = ?',
    ],
    [
      'mysql',
      `SELECT N'canary', _utf8mb4'canary', x'ca', 0xCA, b'1', ?, \`Order Items\`, \`a@b\` FROM t`,
      'SELECT ?, ?, ?, ?, ?, ?, `Order Items`, `?` FROM t',
    ],
    ['mysql', `SELECT a /* canary */ FROM s.t LIMIT .5, 10`, 'SELECT a FROM s.t LIMIT ?, ?'],
    ['mysql', `SELECT 'can\\'ary' FROM t WHERE b like'canary'`, 'SELECT ? FROM t WHERE b like?'],
    [
      'sqlite',
      `SELECT 'can''ary', x'ca', 1.5, .5, 0x1f, 5e-3, ?1, :n, "Order Items", [q w] FROM t -- canary`,
      'SELECT ?, ?, ?, ?, ?, ?, ?1, :n, "Order Items", [q w] FROM t',
    ],
    ['sqlite', `SELECT a FROM t WHERE b->>'canary' = "078-05-1120";`, 'SELECT a FROM t WHERE b->>? = "?"'],
    [
      'mongodb',
      '{"operation":"find","collection":"people","filter":{"name":"canary","age":{"$gt":41},"x":["$canary",true,null]}}',
      '{"operation":"find","collection":"people","filter":{"name":"?","age":{"$gt":"?"},"x":["?",true,null]}}',
    ],
    [
      'mongodb',
      '{"operation":"distinct","collection":"people","field":"name","filter":{"id":{"$oid":"canary"}}}',
      '{"operation":"distinct","collection":"people","field":"name","filter":{"id":{"$oid":"?"}}}',
    ],
    [
      'mongodb',
      '{"operation":"canary","collection":{"a":"canary"},"filter":"canary"}',
      '{"operation":"?","collection":{"a":"?"},"filter":"?"}',
    ],
  ])('%s: %s', async (dialect, text, expected) => {
    const found = await normal(dialect, text);
    expect(found).toBe(expected);
    expect(found).not.toContain('canary');
  });

  it.each<[Dialect, string]>([
    ['postgresql', `SELECT 'canary`],
    ['postgresql', `SELECT /* canary`],
    ['mysql', `SELECT 'canary`],
    ['mysql', `SELECT 1 /*! canary */`],
    ['mongodb', `{"operation":"find","canary`],
    ['mongodb', `"canary"`],
  ])('gives nothing but the hash of what cannot be read: %s %s', async (dialect, text) => {
    await analyse(dialect, text);
    expect(normaliseStatement(dialect, text)).toEqual({
      text: null,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('is the same whatever the constants are, and holds nothing of them', async () => {
    const quote: Record<'postgresql' | 'mysql' | 'sqlite', (text: string) => string> = {
      postgresql: (text) => `'${text.replaceAll("'", "''")}'`,
      mysql: (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
      sqlite: (text) => `'${text.replaceAll("'", "''")}'`,
    };
    const value = fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .map((text) => `zq${text.replaceAll('\0', '')}zq`);
    for (const dialect of ['postgresql', 'mysql', 'sqlite'] as const) {
      const statement = (text: string, n: number): string =>
        `SELECT a, ${n} FROM t WHERE b = ${quote[dialect](text)} OR c IN (${n}, ${quote[dialect](text)})`;
      const expected = await normal(dialect, statement('', 0));
      await fc.assert(
        fc.asyncProperty(value, fc.nat(), async (text, n) => {
          const found = await normal(dialect, statement(text, n));
          expect(found).toBe(expected);
        }),
        { numRuns: 60 },
      );
      expect(expected).not.toContain('zq');
    }
  });

  it('takes the longest statement in reasonable time, and none that is longer', () => {
    const long = `SELECT ${'1,'.repeat(30_000)}1`;
    expect(normaliseStatement('sqlite', long).text).toHaveLength(long.length);
    expect(normaliseStatement('sqlite', `SELECT '${'x'.repeat(70_000)}'`).text).toBeNull();
  });
});
