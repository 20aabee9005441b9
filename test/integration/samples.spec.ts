import { DatabaseSync } from '@photostructure/sqlite';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { generateShop } from '../../src/modules/samples/generate-shop';
import { shopTables } from '../../src/modules/samples/shop-tables';
import { writePostgresSample } from '../../src/modules/samples/write-postgres-sample';
import { writeSqliteSample } from '../../src/modules/samples/write-sqlite-sample';
import { describeEngine, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';

const shop = generateShop();
const sizes = Object.fromEntries(shopTables.map(({ name }) => [name, shop[name].length]));
const totalEuros = shop.orders.reduce((sum, order) => sum + order.total, 0) / 100;
const countAll = (prefix: string) =>
  `select ${shopTables.map(({ name }) => `(select count(*) from ${prefix}${name}) as ${name}`).join(', ')}`;
const pieces = `select sum(quantity) as pieces from`;

describe('writeSqliteSample', () => {
  let dir: string;
  let file: string;

  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'sluice-sample-'));
    file = path.join(dir, 'samples', 'shop.db');
  });

  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('writes every row, with keys, indexes, comments and the view', () => {
    writeSqliteSample(file);
    const database = new DatabaseSync(file, { readOnly: true });
    const ask = (sql: string) =>
      database
        .prepare(sql)
        .all()
        .map((row) => ({ ...row }));
    expect(ask(countAll(''))).toEqual([sizes]);
    expect(ask('select round(sum(total), 2) as total from orders')).toEqual([{ total: totalEuros }]);
    expect(ask('select sum(pieces) as pieces from order_summaries')).toEqual(ask(`${pieces} order_items`));
    expect(ask('pragma foreign_key_check')).toEqual([]);
    expect(ask('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(ask(`select sql from sqlite_schema where name = 'customers'`)).toEqual([
      { sql: expect.stringContaining('email TEXT NOT NULL UNIQUE, -- E-mail address') },
    ]);
    expect(ask(`select count(*) as n from sqlite_schema where type = 'index' and sql is not null`)).toEqual([
      { n: shopTables.flatMap(({ indexes }) => indexes).length },
    ]);
    database.close();
    expect(readdirSync(path.dirname(file))).toEqual(['shop.db']);
  });

  it('replaces an older file', () => {
    mkdirSync(path.dirname(file));
    writeFileSync(file, 'not a database');
    writeSqliteSample(file, generateShop({ customers: 2, orders: 3 }));
    const database = new DatabaseSync(file, { readOnly: true });
    expect({ ...database.prepare('select count(*) as n from customers').get() }).toEqual({ n: 2 });
    database.close();
  });

  it('leaves nothing behind when it fails', () => {
    const twice = { ...shop, customers: [...shop.customers, ...shop.customers.slice(0, 1)] };
    expect(() => writeSqliteSample(file, twice)).toThrow(/UNIQUE/);
    expect(existsSync(path.dirname(file)) && readdirSync(path.dirname(file))).toEqual([]);
  });
});

describeEngine('postgresql', () => {
  let fresh: FreshDatabase;
  let client: Client;

  beforeEach(async () => {
    fresh = await freshPostgresDatabase();
    client = new Client({ connectionString: fresh.url });
    await client.connect();
  });

  afterEach(async () => {
    await client.end();
    await fresh.drop();
  });

  const ask = async (sql: string) => (await client.query<Record<string, unknown>>(sql)).rows;

  it('gets every row, with keys, indexes, comments and the view, once', async () => {
    expect(await writePostgresSample(client)).toBe(true);
    expect(await writePostgresSample(client)).toBe(false);
    const counts = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, String(size)]));
    expect(await ask(countAll('shop.'))).toEqual([counts]);
    expect(await ask('select sum(total)::float8 as total from shop.orders')).toEqual([{ total: totalEuros }]);
    expect(await ask('select sum(pieces)::int as pieces from shop.order_summaries')).toEqual(
      await ask(`select sum(quantity)::int as pieces from shop.order_items`),
    );
    expect(
      await ask(`select count(*)::int as n from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'shop'::regnamespace and c.relkind = 'r' and a.attnum > 0
        and col_description(c.oid, a.attnum) is null`),
    ).toEqual([{ n: 0 }]);
    expect(
      await ask(`select contype, count(*)::int as n from pg_constraint
        where connamespace = 'shop'::regnamespace and contype in ('p', 'f') group by 1 order by 1`),
    ).toEqual([
      { contype: 'f', n: 6 },
      { contype: 'p', n: 6 },
    ]);
    expect(
      await ask(`select jsonb_typeof(attributes->'weightGrams') as kind from shop.products limit 1`),
    ).toEqual([{ kind: 'number' }]);
  });

  it('goes on counting where the sample ends', async () => {
    await writePostgresSample(client, 'other', generateShop({ customers: 2, orders: 3 }));
    const [row] =
      await ask(`insert into other.reviews (product_id, customer_id, rating, title, body, created_at)
      values (1, 1, 5, 't', 'b', now()) returning id`);
    const [before] = await ask('select count(*)::int as n from other.reviews');
    expect(row?.['id']).toBe(before?.['n']);
  });

  it('is written whole or not at all', async () => {
    const twice = { ...shop, payments: [...shop.payments, ...shop.payments.slice(0, 1)] };
    await expect(writePostgresSample(client, 'shop', twice)).rejects.toMatchObject({ code: '23505' });
    expect(await ask(`select 1 from pg_namespace where nspname = 'shop'`)).toEqual([]);
    expect(await writePostgresSample(client)).toBe(true);
  });
});
