import { createHmac } from 'node:crypto';
import { DatabaseSync } from '@photostructure/sqlite';
import fc from 'fast-check';
import { keyedHashFunction } from '../../../common/keyed-hash-function';
import { maskKinds, type MaskKind } from '../../policy/relation-policy';
import { maskExpression } from './mask-expression';

type BuiltIn = Exclude<MaskKind, 'expression'>;
type Value = string | number | bigint | Uint8Array | null;

const key = Buffer.alloc(32, 7);
const hash = (bytes: string | Uint8Array): string => createHmac('sha256', key).update(bytes).digest('hex');
const db = new DatabaseSync(':memory:');
db.function(keyedHashFunction, { deterministic: true }, (value: string | Uint8Array | null) =>
  value === null ? null : hash(value),
);
db.exec('create table t(textual text, number numeric, untyped)');
afterAll(() => db.close());

function masked(mask: BuiltIn, value: Value, column = 'untyped'): unknown {
  db.exec('delete from t');
  db.prepare(`insert into t(${column}) values (?)`).run(value);
  const type = { textual: 'TEXT', number: 'NUMERIC', untyped: 'BLOB' }[column] ?? '';
  const described = { name: column, type, textual: column === 'textual', visible: true };
  return db.prepare(`select ${maskExpression(mask, described)} as shown from t`).get()?.['shown'];
}

describe('a masked value', () => {
  it.each<[BuiltIn, Value, string | null]>([
    ['email', 'alice@example.com', 'al***@example.com'],
    ['email', 'bob@example.com', 'bo***@example.com'],
    ['email', 'al@example.com', 'a***@example.com'],
    ['email', 'a@example.com', '***@example.com'],
    ['email', '@example.com', '***@example.com'],
    ['email', 'no address', '***'],
    ['email', '', '***'],
    ['email', '"a@b"@example.com', '"a***@example.com'],
    ['email', 'ab@', 'a***@'],
    ['email', '@@', '***@'],
    ['email', 'ééé😀@exämple.com', 'éé***@exämple.com'],
    ['email', '😀é@x', '😀***@x'],
    ['email', `${'a'.repeat(2_000)}@x`, '***'],
    ['email', 12n, '***'],
    ['email', null, null],
    ['phone', '+49 151 2345678', '+49***5678'],
    ['phone', '0123456789', '012***6789'],
    ['phone', '012345678', '***'],
    ['phone', '', '***'],
    ['phone', 4915123456789n, '491***6789'],
    ['phone', '😀😀😀😀😀😀😀😀😀é', '😀😀😀***😀😀😀é'],
    ['phone', null, null],
    ['card_number', '4111 1111 1111 1234', '4111***1234'],
    ['card_number', '411111111234', '4111***1234'],
    ['card_number', '41111111123', '***'],
    ['card_number', 4111111111111234n, '4111***1234'],
    ['card_number', null, null],
    ['name', 'Zoë', 'Z***'],
    ['name', '😀x', '😀***'],
    ['name', '', '***'],
    ['name', 5n, '5***'],
    ['name', null, null],
    ['hash', 'é', hash('é')],
    ['hash', '', hash('')],
    ['hash', 12n, hash('12')],
    ['hash', 1.5, hash('1.5')],
    ['hash', Buffer.from([0, 255]), hash(Buffer.from([0, 255]))],
    ['hash', null, null],
    ['null', 'x', null],
    ['null', null, null],
  ])('%s of %p is %p', (mask, value, expected) => {
    expect(masked(mask, value)).toBe(expected);
    expect(masked(mask, value, 'textual')).toBe(expected);
  });

  it.each<[string, Value, string | null]>([
    ['textual', 'x', '***'],
    ['textual', '', '***'],
    ['textual', null, null],
    ['textual', 12n, '***'],
    ['number', 12n, null],
    ['number', '2020-01-01', null],
    ['untyped', 'x', '***'],
    ['untyped', 12n, null],
    ['untyped', null, null],
  ])('full of a column that is %s and holds %p is %p', (column, value, expected) => {
    expect(masked('full', value, column)).toBe(expected);
  });

  it('shows nothing of bytes, and hashes them as they are', () => {
    const bytes = Buffer.from('secret@example.com 0123456789');
    for (const mask of ['email', 'phone', 'card_number', 'name'] as const)
      expect([masked(mask, bytes), masked(mask, bytes, 'textual')]).toEqual(['***', '***']);
    expect(masked('hash', Buffer.from([0, 255]))).toBe(hash(Buffer.from([0, 255])));
  });

  it('reveals nothing behind a NUL', () => {
    expect(masked('email', 'ab\0secret@x.com')).not.toContain('secret');
    expect(masked('phone', 'ab\0secret secret')).toBe('***');
  });

  it('never fails', () => {
    const values = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: fc.constantFrom('@', 'a', 'é', '😀', '.', '\0'), maxLength: 30 }),
      fc.double({ noNaN: true }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.uint8Array({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...maskKinds.filter((kind): kind is BuiltIn => kind !== 'expression')),
        values,
        fc.constantFrom('textual', 'number', 'untyped'),
        (mask, value, column) => {
          const shown = masked(mask, value, column);
          expect(shown === null || typeof shown === 'string').toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
