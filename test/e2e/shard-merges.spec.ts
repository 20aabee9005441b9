import { Choices } from '../policy/generator/choices';
import {
  describeEngine,
  freshMariadbDatabase,
  freshPostgresDatabase,
  type FreshDatabase,
} from '../servers/servers';
import { fillTable, randomRows } from './merges/item-table';
import { randomStatement, type MergeEngine, type RandomStatement } from './merges/random-statement';
import { startTestService, type Answer, type TestService } from './service';

const STATEMENTS = Number(process.env.MERGE_STATEMENTS ?? 250);
const SEED = Number(process.env.MERGE_SEED ?? 20_261_121);
/** Of a hundred statements so many must merge: a merge that refuses everything is right, and no use. */
const LEAST_MERGED = 50;

/** mulberry32: numbers that a seed decides. */
function tape(seed: number, length: number): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  });
}

/** What MariaDB's collation of the table takes for equal. */
const folded = (cell: unknown): unknown =>
  typeof cell === 'string'
    ? cell.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('ß', 's').toLowerCase().replace(/ +$/, '')
    : cell;

function comparable(
  engine: MergeEngine,
  { ordered, anyOfEqual }: RandomStatement,
  { body }: Answer,
): unknown {
  const fold = anyOfEqual && engine === 'mariadb';
  const rows = body.data.map((row: unknown[]) => JSON.stringify(fold ? row.map(folded) : row));
  return { columns: body.columns, rows: ordered ? rows : rows.toSorted() };
}

describe.each<MergeEngine>(['mariadb', 'postgresql'])('answers over all shards', (engine) => {
  describeEngine(engine, () => {
    let service: TestService;
    const databases: FreshDatabase[] = [];
    const group = 'parts';
    let whole: string;

    const database = async (): Promise<FreshDatabase> => {
      const fresh = await (engine === 'mariadb' ? freshMariadbDatabase() : freshPostgresDatabase());
      databases.push(fresh);
      return fresh;
    };
    const targetOf = ({ host, port, username, password }: FreshDatabase): object => ({
      type: engine,
      ...{ host, port, username, password },
    });

    beforeAll(async () => {
      service = await startTestService();
      const rows = randomRows(new Choices(tape(SEED, 10_000)), engine, 90);
      const one = await database();
      await fillTable(engine, one, rows);
      const body = { name: `whole-${engine}`, ...targetOf(one), database: one.database };
      whole = (await service.api('POST', '/api/database/connections', body)).body.id;
      await service.api('PUT', `/api/shards/groups/${group}`, {});
      for (const part of [0, 1, 2]) {
        const shard = await database();
        // Uneven, and the second has none of some values.
        await fillTable(
          engine,
          shard,
          rows.filter((_, id) => (id % 7 < 4 ? 0 : id % 7 === 4 ? 1 : 2) === part),
        );
        const shardBody = {
          shardId: `part-${part}`,
          group,
          ...targetOf(shard),
          databaseName: shard.database,
        };
        const added = await service.api('POST', '/api/shards', shardBody);
        if (added.status !== 201) throw new Error(added.text);
      }
    });
    afterAll(async () => {
      await service?.close();
      for (const one of databases) await one.drop();
    });

    const ask = (query: string, more: object = {}): Promise<Answer> =>
      service.api('POST', '/api/shards/all/query', { query, group, rowMode: 'array', ...more });

    it(`are those of one database, or refused (${STATEMENTS} statements, MERGE_SEED=${SEED})`, async () => {
      let merged = 0;
      const wronglyRefused: string[] = [];
      for (let index = 0; index < STATEMENTS; index += 1) {
        const statement = randomStatement(new Choices(tape(SEED * 1_000 + index, 80)), engine);
        const { text } = statement;
        const [parts, all] = await Promise.all([
          ask(text),
          service.api('POST', '/api/database/query', { connectionId: whole, query: text, rowMode: 'array' }),
        ]);
        if (parts.status !== 200) {
          // What one database refuses, all of them refuse, for its reason or another.
          const refused = parts.body.code === 'shard.not_mergeable' || parts.body.code === all.body.code;
          if (!refused) wronglyRefused.push(`${text}: ${parts.text}`);
          continue;
        }
        merged += 1;
        expect([text, all.status]).toEqual([text, 200]);
        expect({ text, ...(comparable(engine, statement, parts) as object) }).toEqual({
          text,
          ...(comparable(engine, statement, all) as object),
        });
      }
      expect(wronglyRefused).toEqual([]);
      expect((merged / STATEMENTS) * 100).toBeGreaterThan(LEAST_MERGED);
    }, 240_000);
  });
});
