import { RawJson, type Row } from '../../drivers/cell';
import { encodeRows } from './collect-result';
import { digestOf } from './digest-of';
import { digested, pack, unpack } from './stored-result';

const columns = ['id', 'text', 'json', 'id'].map((name) => ({
  name,
  type: 'other' as const,
  nativeType: 'x',
}));
const rows: Row[] = [
  [1, 'ä "quoted" \u2028', new RawJson('{"n":12345678901234567890}'), null],
  [-0, '', new RawJson('null'), [1, null, [new RawJson('1e400')]]],
];

describe('a result in the cache', () => {
  it.each(['object', 'array'] as const)('comes back as the bytes that are sent, as %s', (mode) => {
    const outcome = encodeRows({ columns, rows, truncated: true, affectedRows: null }, mode);
    expect(unpack(pack(outcome))).toEqual({ ...outcome, digest: digestOf(outcome.data) });
    expect(unpack(pack(digested(outcome)))).toEqual(digested(outcome));
  });

  it('keeps the columns of an empty result', () => {
    const empty = encodeRows({ columns, rows: [], truncated: false, affectedRows: null }, 'object');
    const { columns: kept, data, count } = unpack(pack(empty));
    expect([kept, data.length, count]).toEqual([columns, 0, 0]);
  });
});
