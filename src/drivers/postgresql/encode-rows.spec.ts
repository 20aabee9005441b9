import { rowLayout } from '../row-layout';
import { builtinTypes } from './builtin-types';
import { rowsEncoder } from './encode-rows';

/** The body of a DataRow. */
function row(...cells: (Buffer | null)[]): { bytes: Buffer; at: number } {
  const parts = cells.flatMap((cell) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(cell?.length ?? -1);
    return cell ? [length, cell] : [length];
  });
  const count = Buffer.alloc(2);
  count.writeInt16BE(cells.length);
  return { bytes: Buffer.concat([Buffer.from('before'), count, ...parts]), at: 6 };
}

const text = builtinTypes.get(25)!;
const layout = rowLayout(['a', 'b'], 'object', { behind: '\n' });

describe('rowsEncoder', () => {
  it('writes the character that stands for broken ones where a text is not in UTF-8', () => {
    const encoder = rowsEncoder([text, text]);
    const broken = row(Buffer.from([0x61, 0xff, 0x62]), null);
    const { bytes, count } = encoder.encode([row(Buffer.from('é'), Buffer.from('"')), broken], layout);
    expect(bytes.toString()).toBe('{"a":"é","b":"\\""}\n{"a":"a\ufffdb","b":null}\n');
    expect(count).toBe(2);
  });

  it('follows the layout it is given', () => {
    const encoder = rowsEncoder([text]);
    const rows = [row(Buffer.from('x'))];
    expect(encoder.encode(rows, rowLayout(['a'], 'array', { ahead: ',' })).bytes.toString()).toBe(',["x"]');
    expect(encoder.encode(rows, rowLayout(['a'], 'object', {})).bytes.toString()).toBe('{"a":"x"}');
    expect(encoder.encode([], rowLayout(['a'], 'object', {}))).toMatchObject({ count: 0 });
  });
});
