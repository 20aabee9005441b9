import { Client } from 'pg';
import { driverFor } from '../../src/drivers';
import { RawJson, type CanonicalType, type Cell } from '../../src/drivers/cell';
import type { Source } from '../../src/drivers/driver';
import { describeEngine, freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { collect, connectOptions, never, request } from './driver-contract';
import { encoded, encodedByCells } from './encoded';

/** `[type in SQL, text the server reads, canonical type, canonical form, native type unless it is the type in SQL]` */
type Sample = [sql: string, input: string, type: CanonicalType, cell: Cell, native?: string];

const samples: Sample[] = [
  ['bool', 'true', 'boolean', true],
  ['bool', 'false', 'boolean', false],
  ['int2', '-32768', 'integer', -32768],
  ['int4', '2147483647', 'integer', 2147483647],
  ['oid', '4294967295', 'integer', 4294967295],
  ['int8', '-9223372036854775808', 'bigint', '-9223372036854775808'],
  ['xid8', '18446744073709551615', 'bigint', '18446744073709551615'],
  ['numeric', '123456789012345678901234567890.000100', 'decimal', '123456789012345678901234567890.000100'],
  ['numeric(12,4)', '1.5', 'decimal', '1.5000'],
  ['numeric(3,-2)', '12345', 'decimal', '12300'],
  ['numeric', 'NaN', 'decimal', 'NaN'],
  ['numeric', '-Infinity', 'decimal', '-Infinity'],
  ['float4', '1.1', 'float', 1.1],
  ['float4', '3.4028235e38', 'float', 3.4028235e38],
  ['float8', '0.1', 'float', 0.1],
  ['float8', '5e-324', 'float', 5e-324],
  ['float8', '1.7976931348623157e308', 'float', 1.7976931348623157e308],
  ['float8', 'NaN', 'float', 'NaN'],
  ['float8', 'Infinity', 'float', 'Infinity'],
  ['float8', '-0', 'float', new RawJson('-0')],
  ['money', '-1234.5', 'other', '-$1,234.50'],
  ['text', 'it\'s \\ "x"\n\t€😀', 'text', 'it\'s \\ "x"\n\t€😀'],
  ['text', '', 'text', ''],
  ['varchar(20)', 'abc', 'text', 'abc'],
  ['char(5)', 'ab', 'text', 'ab   ', 'bpchar(5)'],
  ['name', 'a name', 'text', 'a name'],
  ['"char"', 'x', 'text', 'x', 'char'],
  ['xml', '<a b="c">d</a>', 'other', '<a b="c">d</a>'],
  ['bytea', '\\x00ff10', 'bytes', 'AP8Q'],
  ['bytea', '', 'bytes', ''],
  ['date', '2026-02-28', 'date', '2026-02-28'],
  ['date', '0044-03-15 BC', 'date', '0044-03-15 BC'],
  ['date', 'infinity', 'date', 'infinity'],
  ['date', '12026-01-01', 'date', '12026-01-01'],
  ['time', '23:59:59.999999', 'time', '23:59:59.999999'],
  ['time(0)', '10:00', 'time', '10:00:00'],
  ['timetz', '10:00:00.5+02', 'timetz', '10:00:00.5+02:00'],
  ['timetz', '10:00:00-05:30', 'timetz', '10:00:00-05:30'],
  ['timestamp', '2026-01-31 10:00:00.123456', 'timestamp', '2026-01-31T10:00:00.123456'],
  ['timestamp', '-infinity', 'timestamp', '-infinity'],
  ['timestamp', '0044-03-15 12:00:00 BC', 'timestamp', '0044-03-15T12:00:00 BC'],
  ['timestamptz', '2026-01-31 10:00:00.1+05:45', 'timestamptz', '2026-01-31T04:15:00.1Z'],
  ['timestamptz', '0044-03-15 12:00:00+00 BC', 'timestamptz', '0044-03-15T12:00:00Z BC'],
  ['timestamptz', 'infinity', 'timestamptz', 'infinity'],
  ['timestamptz(3)', '2026-01-31 10:00:00.1239+00', 'timestamptz', '2026-01-31T10:00:00.124Z'],
  ['interval', '1 year 2 mons -3 days 04:05:06.789', 'interval', 'P1Y2M-3DT4H5M6.789S'],
  ['interval', '0', 'interval', 'PT0S'],
  ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['json', '{"a" : 1.10,\n "a": "x\\ny"}', 'json', new RawJson('{"a" : 1.10,  "a": "x\\ny"}')],
  [
    'jsonb',
    '{"b":12345678901234567890.12, "a":null}',
    'json',
    new RawJson('{"a": null, "b": 12345678901234567890.12}'),
  ],
  ['jsonb', '"x"', 'json', new RawJson('"x"')],
  ['jsonpath', '$.a', 'other', '$."a"'],
  ['bit(4)', '1010', 'other', '1010'],
  ['varbit(8)', '101', 'other', '101'],
  ['inet', '192.168.0.1/24', 'other', '192.168.0.1/24'],
  ['cidr', '2001:db8::/32', 'other', '2001:db8::/32'],
  ['macaddr', '08:00:2b:01:02:03', 'other', '08:00:2b:01:02:03'],
  ['macaddr8', '08:00:2b:01:02:03:04:05', 'other', '08:00:2b:01:02:03:04:05'],
  ['point', '(1,2.5)', 'other', '(1,2.5)'],
  ['line', '{1,2,3}', 'other', '{1,2,3}'],
  ['lseg', '[(0,0),(1,1)]', 'other', '[(0,0),(1,1)]'],
  ['box', '(2,2),(0,0)', 'other', '(2,2),(0,0)'],
  ['path', '[(0,0),(1,1)]', 'other', '[(0,0),(1,1)]'],
  ['polygon', '((0,0),(1,1),(1,0))', 'other', '((0,0),(1,1),(1,0))'],
  ['circle', '<(0,0),1>', 'other', '<(0,0),1>'],
  ['tsvector', "'a':1 'b':2", 'other', "'a':1 'b':2"],
  ['tsquery', "'a' & 'b'", 'other', "'a' & 'b'"],
  ['int4range', '[1,10)', 'other', '[1,10)'],
  ['numrange', '(,1.5]', 'other', '(,1.5]'],
  ['tstzrange', '["2026-01-01 00:00:00+00",)', 'other', '["2026-01-01 00:00:00+00",)'],
  ['int4multirange', '{[1,3),[5,7)}', 'other', '{[1,3),[5,7)}'],
  ['pg_lsn', '16/B374D848', 'other', '16/B374D848'],
  ['regclass', 'pg_class', 'other', 'pg_class'],
  ['int4[]', '{1,NULL,3}', 'array', [1, null, 3]],
  ['int4[]', '{}', 'array', []],
  ['int4[]', '{{1,2},{3,4}}', 'array', [[1, 2], [3, 4]]], // prettier-ignore
  ['int4[]', '[0:1]={1,2}', 'array', '[0:1]={1,2}'],
  ['int8[]', '{9007199254740993}', 'array', ['9007199254740993']],
  [
    'text[]',
    '{"a,b","c\\"d","e\\\\f","",NULL,"NULL","{x}"," y "}',
    'array',
    ['a,b', 'c"d', 'e\\f', '', null, 'NULL', '{x}', ' y '],
  ],
  ['bool[]', '{t,f}', 'array', [true, false]],
  ['bytea[]', '{"\\\\x00ff"}', 'array', ['AP8=']],
  ['timestamptz[]', '{"2026-01-31 10:00:00+00"}', 'array', ['2026-01-31T10:00:00Z']],
  ['jsonb[]', '{"{\\"a\\": 1.0}"}', 'array', [new RawJson('{"a": 1.0}')]],
  ['box[]', '{(2,2),(0,0);(3,3),(1,1)}', 'array', ['(2,2),(0,0)', '(3,3),(1,1)']],
  ['varchar(9)[]', '{x}', 'array', ['x']],
  ['mood', 'glad', 'text', 'glad'],
  ['mood[]', '{glad,"so so",NULL}', 'array', ['glad', 'so so', null]],
  ['pair', '(1,"a ""b""")', 'other', '(1,"a ""b""")'],
  ['positive', '7', 'integer', 7, 'int4'],
  ['positive[]', '{7,8}', 'array', [7, 8]],
  ['span', '[1.5,2.5)', 'other', '[1.5,2.5)'],
  ['hstore', '"a"=>"b", "c"=>NULL', 'other', '"a"=>"b", "c"=>NULL'],
  ['citext', 'MiXed', 'text', 'MiXed'],
  ['ltree', 'a.b.c', 'other', 'a.b.c'],
];

describeEngine('postgresql', () => {
  let database: FreshDatabase;
  let source: Source;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    const admin = new Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`
      create type mood as enum ('glad', 'so so');
      create type pair as (n int, t text);
      create domain positive as int check (value > 0);
      create type span as range (subtype = float8);
      create extension hstore; create extension citext; create extension ltree`);
    await admin.end();
    const driver = await driverFor('postgresql');
    source = await driver.connect(
      driver.parseConfig({ connectionString: database.url, ssl: false }),
      connectOptions(),
      never,
    );
  });

  afterAll(async () => {
    await source?.close();
    await database?.drop();
  });

  it.each(samples)('%s %j is %s without loss', async (...sample: Sample) => {
    const [sql, input, type, cell, native] = sample;
    const statement = { text: `select $1::text::${sql} as value, null::${sql} as nothing`, values: [input] };
    for (const maxRows of [undefined, 10]) {
      const { columns, rows } = await collect(source, request(statement, { maxRows }));
      expect(rows).toEqual([[cell, null]]);
      expect(columns[0]).toMatchObject({ name: 'value', type, nativeType: native ?? sql });
    }
  });

  it.each(samples)('%s %j is encoded from its bytes as from its cells', async (sql, input) => {
    const statement = { text: `select $1::text::${sql} as value, null::${sql} as nothing`, values: [input] };
    expect(await encoded(source, statement)).toBe(await encodedByCells(source, statement));
  });

  // as parameters, bytes are written in PostgreSQL's own form, and JSON in an array as text
  const bothWays = samples.filter(([sql]) => !sql.startsWith('bytea') && sql !== 'jsonb[]');

  it.each(bothWays)('%s %j goes back as a parameter', async (...sample: Sample) => {
    const [sql, , , cell] = sample;
    // JSON goes as its text: parsing it would round numbers
    const parameter = cell instanceof RawJson ? cell.text : cell;
    const statement = { text: `select $1::${sql} as value`, values: [parameter] };
    const { rows } = await collect(source, request(statement));
    expect(rows).toEqual([[cell]]);
  });

  it('reads a type of the database that was made after the pool was opened', async () => {
    await collect(source, request({ text: "create type colour as enum ('red')" }, { access: 'write' }));
    const { columns, rows } = await collect(
      source,
      request({ text: "select array['red'::colour], 1" }, { maxRows: 1 }),
    );
    expect(rows).toEqual([[['red'], 1]]);
    expect(columns[0]).toEqual({ name: 'array', type: 'array', elementType: 'text', nativeType: 'colour[]' });
  });

  it('encodes long rows and texts, and what needs escapes', async () => {
    const text = `select n, repeat(case n % 4 when 0 then 'plain' when 1 then E'quote " and \\\\ and \\n' when 2 then '€'
      else E'\\x01' end, n) from generate_series(1, 1500) n`;
    expect(await encoded(source, { text })).toBe(await encodedByCells(source, { text }));
  });

  it('gives a composite, a void and a wide row', async () => {
    const wide = Array.from({ length: 1_600 }, (_, index) => `${index} as c${index}`).join(', ');
    const { columns, rows } = await collect(source, request({ text: `select ${wide}` }));
    expect(columns).toHaveLength(1_600);
    expect(rows[0]?.[1_599]).toBe(1_599);
    const odd = await collect(source, request({ text: "select row(1,'a'), pg_sleep(0)" }));
    expect(odd.rows).toEqual([['(1,a)', '']]);
  });
});
