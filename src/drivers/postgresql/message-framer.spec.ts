import { MessageFramer } from './message-framer';

const message = (type: string, body: string): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, Buffer.from(body)]);
};

/** What came out, in order: the library's bytes joined, the rows one by one. */
function framed(chunks: readonly Buffer[], taken = true): string[] {
  const out: string[] = [];
  let library = '';
  const settle = (): void => {
    if (library !== '') out.push(library);
    library = '';
  };
  const framer = new MessageFramer(
    (bytes) => (library += bytes.toString('latin1')),
    () =>
      taken
        ? {
            takeRow(bytes, at, end) {
              settle();
              out.push(`row ${bytes.toString('latin1', at, end)}`);
            },
          }
        : null,
    1_000,
    () => out.push('too large'),
  );
  for (const chunk of chunks) framer.take(chunk);
  settle();
  return out;
}

const messages = [
  message('T', 'columns'),
  message('D', 'first'),
  message('D', ''),
  message('N', 'a notice'),
  message('D', 'x'.repeat(300)),
  message('C', 'SELECT 3'),
  message('s', ''),
  message('Z', 'I'),
];
const whole = Buffer.concat(messages);
const inOrder = [
  messages[0]!.toString('latin1'),
  'row first',
  'row ',
  messages[3]!.toString('latin1'),
  `row ${'x'.repeat(300)}`,
  Buffer.concat(messages.slice(5)).toString('latin1'),
];

describe('the framer', () => {
  it('gives rows to their taker and the rest to the library, in order, wherever the bytes are cut', () => {
    for (let size = 1; size <= whole.length; size += 1) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size));
      expect(framed(chunks)).toEqual(inOrder);
    }
    for (let cut = 0; cut <= whole.length; cut += 1)
      expect(framed([whole.subarray(0, cut), whole.subarray(cut)])).toEqual(inOrder);
  });

  it('leaves everything to the library while nobody takes rows', () => {
    for (let cut = 0; cut <= whole.length; cut += 1)
      expect(framed([whole.subarray(0, cut), whole.subarray(cut)], false)).toEqual([
        whole.toString('latin1'),
      ]);
  });

  it('leaves the bytes of a row alone once it was given away', () => {
    const rows: { bytes: Buffer; at: number; end: number }[] = [];
    const framer = new MessageFramer(
      () => undefined,
      () => ({ takeRow: (bytes, at, end) => rows.push({ bytes, at, end }) }),
      1_000,
      () => undefined,
    );
    for (const byte of whole) framer.take(Buffer.from([byte]));
    for (const byte of whole) framer.take(Buffer.from([byte]));
    expect(rows.map(({ bytes, at, end }) => bytes.toString('latin1', at, end))).toEqual([
      'first',
      '',
      'x'.repeat(300),
      'first',
      '',
      'x'.repeat(300),
    ]);
  });

  it('ends with a message that is too large, or has no valid length, before it has come', () => {
    const large = Buffer.from([0x44, 0, 0, 4, 0]);
    const broken = Buffer.from([0x44, 0, 0, 0, 3]);
    expect(framed([messages[0]!, large])).toEqual(['too large', messages[0]!.toString('latin1')]);
    expect(framed([large.subarray(0, 2), large.subarray(2)])).toEqual(['too large']);
    expect(framed([Buffer.concat([messages[1]!, broken])])).toEqual(['row first', 'too large']);
  });
});
