import { createHmac } from 'node:crypto';
import { Client } from 'pg';
import type { MaskKind } from '../../src/sql/policy/relation-policy';
import { maskExpression } from '../../src/sql/postgresql/mask-expression';
import { freshPostgresDatabase } from '../servers/servers';

const hashKey = Buffer.from('0123456789abcdef0123456789abcdef');

describe('masks of PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof freshPostgresDatabase>>;
  let client: Client;
  beforeAll(async () => {
    database = await freshPostgresDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await database?.drop();
  });

  const mask = async (
    kind: Exclude<MaskKind, 'expression'>,
    value: unknown,
    type = 'text',
  ): Promise<unknown> => {
    const described = { type, textual: /text|char|name/.test(type) };
    const { rows } = await client.query<{ m: unknown }>(
      `select ${maskExpression(kind, '"v"', described, hashKey)} as m from (select $1::${type} as v) t`,
      [value],
    );
    return rows[0]!.m;
  };

  it.each([
    ['email', 'alice@example.com', 'al***@example.com'],
    ['email', 'bo@example.com', 'b***@example.com'],
    ['email', 'a@example.com', '***@example.com'],
    ['email', '@example.com', '***@example.com'],
    ['email', 'nothing', '***'],
    ['email', '', '***'],
    ['email', '"a@b"@example.com', '"a***@example.com'],
    ['email', 'ünä@ex.com', 'ün***@ex.com'],
    ['email', 'alice@', 'al***@'],
    ['phone', '+49 555 1234567', '+49***4567'],
    ['phone', '5551234567', '555***4567'],
    ['phone', '555123456', '***'],
    ['phone', '', '***'],
    ['card_number', '4111111111111111', '4111***1111'],
    ['card_number', '41111111111', '***'],
    ['name', 'Émile', 'É***'],
    ['name', '😀x', '😀***'],
    ['name', '', '***'],
    ['full', 'x', '***'],
    ['null', 'x', null],
  ] as const)('%s of %s is %s', async (kind, value, expected) => {
    expect(await mask(kind, value)).toBe(expected);
  });

  it.each(['email', 'phone', 'card_number', 'name', 'full', 'hash', 'null'] as const)(
    '%s keeps NULL, and takes every type',
    async (kind) => {
      expect(await mask(kind, null)).toBeNull();
      for (const [type, value] of [
        ['integer', 12345678901 % 2 ** 31],
        ['numeric(20,4)', '1234567890123456.7891'],
        ['date', '2026-01-31'],
        ['timestamptz', '2026-01-31 10:00:00+00'],
        ['boolean', true],
        ['uuid', '6361ddd1-4bfb-40fb-a016-5721c21e2c87'],
        ['jsonb', '{"a": "b@c.d"}'],
        ['bytea', '\\x00ff'],
        ['text[]', '{a,b}'],
        ['character(12)', 'a@b'],
        ['character varying(3)', 'abc'],
        ['name', 'abc'],
      ] as const) {
        await mask(kind, value, type);
        expect(await mask(kind, null, type)).toBeNull();
      }
    },
  );

  it('hashes as HMAC-SHA-256 does (RFC 2104), so that equal values stay equal', async () => {
    for (const value of ['', 'x', 'é😀', 'a'.repeat(10_000)])
      expect(await mask('hash', value)).toBe(createHmac('sha256', hashKey).update(value).digest('hex'));
    expect(await mask('hash', 42, 'integer')).toBe(createHmac('sha256', hashKey).update('42').digest('hex'));
  });

  it('shows nothing of what is no character string', async () => {
    expect(await mask('full', 42, 'integer')).toBeNull();
    expect(await mask('null', '2026-01-31', 'date')).toBeNull();
  });
});
