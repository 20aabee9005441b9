import { createHmac } from 'node:crypto';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { maskExpression } from '../../src/sql/mysql/mask-expression';
import { describeEngine, freshMariadbDatabase, type FreshDatabase } from '../servers/servers';

const hashKey = Buffer.from('0123456789abcdef0123456789abcdef');
const hmac = (value: string | Buffer): string => createHmac('sha256', hashKey).update(value).digest('hex');

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let connection: Connection;

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    connection = await createConnection({ uri: database.url, charset: 'utf8mb4', dateStrings: true });
    await connection.query(
      "set sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    );
  });

  afterAll(async () => {
    await connection?.end();
    await database?.drop();
  });

  const masked = async (
    mask: Parameters<typeof maskExpression>[0],
    type: string,
    textual: boolean,
    value: unknown,
  ): Promise<unknown> => {
    await connection.query(`create or replace table masked (\`the column\` ${type}, other ${type})`);
    await connection.query('insert into masked values (?, null)', [value]);
    const expression = maskExpression(mask, '`masked`.`the column`', { type, textual }, hashKey);
    const [rows] = await connection.query<RowDataPacket[]>(`select ${expression} as v from masked`);
    const [warnings] = await connection.query<RowDataPacket[]>('show warnings');
    expect(warnings).toEqual([]);
    return rows[0]?.['v'];
  };

  const long = `${'x'.repeat(100)}@example.com`;
  it.each([
    ['email', 'alice@example.com', 'al***@example.com'],
    ['email', 'bob@example.com', 'bo***@example.com'],
    ['email', 'al@example.com', 'a***@example.com'],
    ['email', 'a@example.com', '***@example.com'],
    ['email', '@example.com', '***@example.com'],
    ['email', '"a@b"@example.com', '"a***@example.com'],
    ['email', 'no address', '***'],
    ['email', '', '***'],
    ['email', '@', '***@'],
    ['email', '日本語@例え.jp', '日本***@例え.jp'],
    ['email', '😀😁😂@x', '😀😁***@x'],
    ['email', long, 'xx***@example.com'],
    ['email', 'full＠width', '***'],
    ['email', null, null],
    ['phone', '+49 170 1234567', '+49***4567'],
    ['phone', '123456789', '***'],
    ['phone', '1234567890', '123***7890'],
    ['phone', '', '***'],
    ['phone', null, null],
    ['card_number', '4111111111111111', '4111***1111'],
    ['card_number', '41111111111', '***'],
    ['card_number', '411111111111', '4111***1111'],
    ['name', 'Zoë', 'Z***'],
    ['name', '😀lice', '😀***'],
    ['name', '', '***'],
    ['name', null, null],
    ['full', 'secret', '***'],
    ['full', '', '***'],
    ['full', null, null],
    ['null', 'secret', null],
    ['hash', 'secret', hmac('secret')],
    ['hash', '', hmac('')],
    ['hash', 'Zoë😀', hmac('Zoë😀')],
    ['hash', "it's \\ %", hmac("it's \\ %")],
    ['hash', null, null],
  ] as const)('%s of %j is %j', async (mask, value, expected) => {
    expect(await masked(mask, 'varchar(200)', true, value)).toBe(expected);
    expect(await masked(mask, 'text', true, value)).toBe(expected);
  });

  it.each([
    ['varchar(200) character set latin1', 'Zoë', hmac('Zoë')],
    ['varchar(200) character set utf16', 'Zoë😀', hmac('Zoë😀')],
    ['char(20)', 'ab', hmac('ab')],
    ["enum('s', 'm')", 'm', hmac('m')],
    ["set('s', 'm')", 's,m', hmac('s,m')],
  ])('hashes the text of %s', async (type, value, expected) => {
    expect(await masked('hash', type, true, value)).toBe(expected);
  });

  it.each([
    ['int', -5, '-5'],
    ['bigint unsigned', '18446744073709551615', '18446744073709551615'],
    ['decimal(10,2)', '12.50', '12.50'],
    ['double', 0.5, '0.5'],
    ['date', '2020-02-29', '2020-02-29'],
    ['datetime(3)', '2020-02-29 10:00:00.500', '2020-02-29 10:00:00.500'],
    ['time', '-10:00:00', '-10:00:00'],
    ['year', 2020, '2020'],
    ['uuid', '123e4567-e89b-12d3-a456-426655440000', '123e4567-e89b-12d3-a456-426655440000'],
    ['inet6', '::1', '::1'],
  ])('masks the text form of %s', async (type, value, text) => {
    expect(await masked('hash', type, false, value)).toBe(hmac(text));
    expect(await masked('name', type, false, value)).toBe(`${text.slice(0, 1)}***`);
    expect(await masked('phone', type, false, value)).toBe(
      text.length < 10 ? '***' : `${text.slice(0, 3)}***${text.slice(-4)}`,
    );
    expect(await masked('email', type, false, value)).toBe('***');
    expect(await masked('full', type, false, value)).toBeNull();
    expect(await masked('null', type, false, value)).toBeNull();
    for (const mask of ['hash', 'name', 'phone', 'email', 'full'] as const)
      expect(await masked(mask, type, false, null)).toBeNull();
  });

  it.each([
    ['varbinary(20)', Buffer.from([0xff, 0x00, 0x40, 0x27, 0x5c])],
    ['blob', Buffer.from([0xc3, 0x28])],
    ['bit(8)', Buffer.from([0xa5])],
  ])('takes the bytes of %s for no text', async (type, value) => {
    expect(await masked('name', type, false, value)).toBe(
      `${value.toString('hex').slice(0, 1).toUpperCase()}***`,
    );
    expect(await masked('email', type, false, value)).toBe('***');
    expect(await masked('full', type, false, value)).toBeNull();
    expect(await masked('hash', type, false, value)).toBe(hmac(value));
  });

  it('takes JSON for text', async () => {
    expect(await masked('full', 'json', true, '{"a": 1}')).toBe('***');
    expect(await masked('hash', 'json', true, '{"a": 1}')).toBe(hmac('{"a": 1}'));
    expect(await masked('email', 'json', true, '{"mail": "alice@example.com"}')).toBe('{"***@example.com"}');
  });

  it('leaves the collation of the column to comparisons', async () => {
    const type = 'varchar(50) collate utf8mb4_unicode_ci';
    await connection.query(`create or replace table masked (\`the column\` ${type}, other ${type})`);
    await connection.query("insert into masked values ('alice@example.com', 'AL***@EXAMPLE.COM')");
    const expression = maskExpression('email', '`the column`', { type, textual: true }, hashKey);
    const [rows] = await connection.query<RowDataPacket[]>(
      `select count(*) as n from (select ${expression} as v, other from masked) m where v = other`,
    );
    expect(rows[0]?.['n']).toBe(1);
  });
});
