import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import type { Choices } from '../../policy/generator/choices';
import type { FreshDatabase } from '../../servers/servers';
import type { MergeEngine } from './random-statement';

const definitions: Readonly<Record<MergeEngine, string>> = {
  mariadb: `CREATE TABLE item (id INT PRIMARY KEY, n INT, big BIGINT, amount DECIMAL(12,3),
    name VARCHAR(20) COLLATE utf8mb4_general_ci, code VARCHAR(20) COLLATE utf8mb4_bin, d DATE, ts DATETIME(6),
    flag TINYINT, f DOUBLE, bytes VARBINARY(8))`,
  postgresql: `CREATE TABLE item (id int PRIMARY KEY, n int, big bigint, amount numeric,
    name varchar(20), code text COLLATE "C", d date, ts timestamp, flag boolean, f float8, bytes bytea)`,
};

/** What a driver's own parameters take. */
type Value = string | number | boolean | Buffer | null;
export type ItemRow = readonly Value[];

const names = [
  'a',
  'A',
  'a ',
  'ä',
  'Zoe',
  'zoe',
  'b',
  'B  ',
  'ß',
  'ss',
  '',
  ' ',
  'ab',
  'AB\t',
  '𝒳',
  'x y',
] as const;

export function randomRows(choices: Choices, engine: MergeEngine, count: number): ItemRow[] {
  const perhaps = (value: () => Value): Value => (choices.chance(15) ? null : value());
  const scale = engine === 'postgresql' ? () => choices.number(5) : () => 3;
  const flag = (yes: boolean): Value => (engine === 'mariadb' ? Number(yes) : yes);
  return Array.from({ length: count }, (_, id) => [
    id,
    perhaps(() => choices.number(6)),
    perhaps(() => String(9_007_199_254_740_990n + BigInt(choices.number(8)))),
    perhaps(() => (choices.number(4000) / 7 - 200).toFixed(scale())),
    perhaps(() => choices.pick(names)),
    perhaps(() => choices.pick(names)),
    perhaps(() => `2024-0${1 + choices.number(8)}-11`),
    perhaps(() => `2024-05-01 10:00:0${choices.number(10)}.${choices.number(4)}`),
    perhaps(() => flag(choices.chance(50))),
    perhaps(() => (choices.number(2000) - 1000) / 8),
    perhaps(() => Buffer.from([choices.number(3), choices.number(200)])),
  ]);
}

export async function fillTable(
  engine: MergeEngine,
  { url }: FreshDatabase,
  rows: readonly ItemRow[],
): Promise<void> {
  if (engine === 'mariadb') {
    const client = await createConnection(url);
    await client.query(definitions.mariadb);
    for (const row of rows) await client.query('INSERT INTO item VALUES (?)', [[...row]]);
    return client.end();
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(definitions.postgresql);
  const places = rows[0]?.map((_, index) => `$${index + 1}`).join(', ');
  for (const row of rows) await client.query(`INSERT INTO item VALUES (${places})`, [...row]);
  return client.end();
}
