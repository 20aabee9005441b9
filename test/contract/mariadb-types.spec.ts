import { createConnection } from 'mysql2/promise';
import { driverFor } from '../../src/drivers';
import { RawJson, type CanonicalType, type Cell } from '../../src/drivers/cell';
import type { Source } from '../../src/drivers/driver';
import { describeEngine, freshMariadbDatabase, type FreshDatabase } from '../servers/servers';
import { encoded, encodedByCells } from './encoded';
import { collect, connectOptions, never, request } from './driver-contract';

/** `[column type, SQL of the value, canonical type, canonical form, native type unless it is the column type]` */
type Sample = [column: string, value: string, type: CanonicalType, cell: Cell, native?: string];

const samples: Sample[] = [
  ['tinyint', '-128', 'integer', -128],
  ['tinyint unsigned', '255', 'integer', 255],
  ['boolean', 'true', 'integer', 1, 'tinyint'],
  ['smallint', '-32768', 'integer', -32768],
  ['mediumint unsigned', '16777215', 'integer', 16777215],
  ['int', '-2147483648', 'integer', -2147483648],
  ['int unsigned', '4294967295', 'integer', 4294967295],
  ['bigint', '-9223372036854775808', 'bigint', '-9223372036854775808'],
  ['bigint unsigned', '18446744073709551615', 'bigint', '18446744073709551615'],
  ['decimal(65,10)', '1.5', 'decimal', '1.5000000000'],
  ['decimal(20,0)', "'-12345678901234567890'", 'decimal', '-12345678901234567890'],
  ['float', '1.1', 'float', 1.1],
  ['float', '16777217', 'float', 16777216],
  ['float', '3.40282e38', 'float', 3.40282e38],
  ['float', '0.123456789', 'float', 0.12345679],
  ['double', '0.1', 'float', 0.1],
  ['double', '1.7976931348623157e308', 'float', 1.7976931348623157e308],
  ['bit(1)', "b'1'", 'other', '1'],
  ['bit(10)', "b'101'", 'other', '0000000101'],
  ['bit(64)', "b'1'", 'other', '1'.padStart(64, '0')],
  ['year', '2155', 'integer', 2155],
  ['date', "'2026-02-28'", 'date', '2026-02-28'],
  ['date', "'0000-00-00'", 'date', '0000-00-00'],
  ['time', "'838:59:59'", 'time', '838:59:59'],
  ['time', "'-00:00:01'", 'time', '-00:00:01'],
  ['time(6)', "'-26:00:00.120000'", 'time', '-26:00:00.120000'],
  ['datetime', "'2026-01-31 10:00:00'", 'timestamp', '2026-01-31T10:00:00'],
  ['datetime', "'0000-00-00 00:00:00'", 'timestamp', '0000-00-00T00:00:00'],
  ['datetime(6)', "'2026-01-31 10:00:00'", 'timestamp', '2026-01-31T10:00:00.000000'],
  ['datetime(3)', "'2026-01-31 10:00:00.12'", 'timestamp', '2026-01-31T10:00:00.120'],
  ['timestamp', "'2026-01-31 10:00:00'", 'timestamptz', '2026-01-31T10:00:00Z'],
  ['timestamp(6)', "'2026-01-31 10:00:00.123456'", 'timestamptz', '2026-01-31T10:00:00.123456Z'],
  ['char(5)', "'ab'", 'text', 'ab'],
  ['varchar(20)', "'it''s \\\\ \\\" \\n €😀'", 'text', 'it\'s \\ " \n €😀'],
  ['varchar(20)', "''", 'text', ''],
  ['tinytext', "'x'", 'text', 'x'],
  ['text', "'x'", 'text', 'x'],
  ['mediumtext', "'x'", 'text', 'x'],
  ['longtext', "'x'", 'text', 'x'],
  ['varchar(5) character set latin1', "'é'", 'text', 'é', 'varchar(5)'],
  ['binary(3)', "x'00ff'", 'bytes', 'AP8A'],
  ['varbinary(9)', "x'00ff'", 'bytes', 'AP8='],
  ['tinyblob', "x'00ff'", 'bytes', 'AP8='],
  ['longblob', "x''", 'bytes', ''],
  ["enum('a','b c')", "'b c'", 'text', 'b c', 'enum'],
  ["set('a','b')", "'a,b'", 'text', 'a,b', 'set'],
  ['json', "'{\"a\": 12345678901234567890.10,\\n \"b\": null}'", 'json', new RawJson('{"a": 12345678901234567890.10,  "b": null}')],
  ['uuid', "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['inet4', "'192.168.0.1'", 'other', '192.168.0.1'],
  ['inet6', "'2001:db8::1'", 'other', '2001:db8::1'],
  ['point', 'point(1, 2)', 'bytes', 'AQEAAAAAAAAAAADwPwAAAAAAAABA', 'geometry'],
  ['geometry', "st_geomfromtext('POINT(1 2)', 4326)", 'bytes', 'AQEAACDmEAAAAAAAAAAA8D8AAAAAAAAAQA==', 'geometry'],
]; // prettier-ignore

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let source: Source;

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    const admin = await createConnection(database.url);
    await admin.query("set sql_mode = '', time_zone = '+00:00'");
    for (const [index, [column, value]] of samples.entries()) {
      await admin.query(`create table t${index} (value ${column} null)`);
      await admin.query(`insert into t${index} values (${value}), (null)`);
    }
    await admin.end();
    const driver = await driverFor('mariadb');
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

  it.each(samples.map(([column, value], index) => [column, value, index] as const))(
    '%s %j is read without loss',
    async (_column, _value, index) => {
      const [column, , type, cell, native] = samples[index]!;
      for (const maxRows of [undefined, 10]) {
        const { columns, rows } = await collect(
          source,
          request({ text: `select value from t${index}` }, { maxRows }),
        );
        expect(rows.filter(([value]) => value !== null)).toEqual([[cell]]);
        expect(rows).toHaveLength(2);
        expect(columns[0]).toMatchObject({ name: 'value', type, nativeType: native ?? column });
      }
    },
  );

  it.each(samples.map(([column, value], index) => [column, value, index] as const))(
    '%s %j is encoded from its bytes as from its cells',
    async (_column, _value, index) => {
      const statement = { text: `select value, null from t${index}` };
      expect(await encoded(source, statement)).toBe(await encodedByCells(source, statement));
    },
  );

  it('encodes long rows and texts, numbers of every length, and what needs escapes', async () => {
    const text = `select repeat(elt(1 + seq % 4, 'plain', 'quote " and \\\\ and \\n', '€', char(1)), seq),
      cast(substr('9876543210987654321', 1, 1 + seq % 19) as unsigned) from seq_1_to_1500`;
    expect(await encoded(source, { text })).toBe(await encodedByCells(source, { text }));
  });

  // forms that only the way out knows: EWKB, the digits of bits, 32-bit numbers, JSON as the value it is
  const bothWays = samples
    .map(([column, value, type, cell], index) => ({ column, value, type, cell, index }))
    .filter(
      ({ column, cell }) => !(cell instanceof RawJson) && !/^(?:bit|float|point|geometry)/.test(column),
    );

  it.each(bothWays)('$column $value is found by its canonical form as a parameter', async (sample) => {
    const found =
      { bytes: 'to_base64(value)', timestamptz: "concat(value, 'Z')" }[sample.type as string] ?? 'value';
    const stamp = typeof sample.cell === 'string' && sample.type.startsWith('timestamp');
    const parameter = stamp ? (sample.cell as string).replace('T', ' ') : sample.cell;
    const statement = {
      text: `select count(*) from t${sample.index} where ${found} = ?`,
      values: [parameter],
    };
    expect((await collect(source, request(statement))).rows).toEqual([['1']]);
  });

  it('gives a thousand columns', async () => {
    const wide = Array.from({ length: 1_000 }, (_, index) => `${index} as c${index}`).join(', ');
    const { columns, rows } = await collect(source, request({ text: `select ${wide}` }));
    expect(columns).toHaveLength(1_000);
    expect(rows[0]?.[999]).toBe(999);
  });
});
