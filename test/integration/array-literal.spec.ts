import fc from 'fast-check';
import { Client } from 'pg';
import { arrayLiteral, type ArrayElement } from '../../src/database/array-literal';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

describe('arrayLiteral', () => {
  let database: FreshDatabase;
  let client: Client;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const read = async (type: string, values: readonly ArrayElement[]): Promise<unknown[]> => {
    const { rows } = await client.query(`SELECT to_json($1::${type}[]) AS v`, [arrayLiteral(values)]);
    return rows[0].v;
  };

  it('gives the server every text as it is, NULL apart from the word', async () => {
    const special = [
      '',
      ' ',
      'null',
      'NULL',
      '{}',
      '"',
      '\\',
      '\\"',
      ',',
      'a b',
      "it's",
      '\n',
      'é😀',
      '-1',
      'a.b:c+d',
    ];
    expect(await read('text', [...special, null, undefined])).toEqual([...special, null, null]);
    const text = fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0') && one.isWellFormed());
    const values = fc.array(fc.option(text), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(values, async (list) => expect(await read('text', list)).toEqual(list)),
      { numRuns: 60 },
    );
  });

  it('gives it numbers, booleans, bytes and documents', async () => {
    expect(await read('float8', [1.5, -0.25, 1e21, null])).toEqual([1.5, -0.25, 1e21, null]);
    expect(await read('boolean', [true, false, null])).toEqual([true, false, null]);
    expect(await read('bytea', [Buffer.of(0, 92, 255), Buffer.alloc(0)])).toEqual(['\\x005cff', '\\x']);
    const documents = [{ a: 'quote " and \\ and {}' }, {}];
    expect(
      await read(
        'jsonb',
        documents.map((one) => JSON.stringify(one)),
      ),
    ).toEqual(documents);
  });
});
