import { RawJson, type Cell } from '../../../drivers/cell';
import type { ResultColumn } from '../query-result';
import { csvFormat } from './csv.format';
import type { StreamOptions } from './stream-format';

const column = (name: string, type: ResultColumn['type'] = 'text'): ResultColumn => ({
  name,
  type,
  nativeType: type,
  masked: false,
});

async function written(
  columns: readonly ResultColumn[],
  rows: readonly Cell[][],
  options: Omit<StreamOptions, 'rowMode'> = {},
): Promise<string> {
  const create = await csvFormat.load();
  const encoder = create({ queryId: 'q', columns, metadata: {} }, { rowMode: 'array', ...options });
  return [await encoder.head(), await encoder.rows(rows, columns)].map(String).join('');
}

describe('csvFormat', () => {
  it('quotes what RFC 4180 wants quoted, and nothing else', async () => {
    expect(
      await written(
        [column('a,b'), column('c')],
        [
          ['plain text', 'quo"te'],
          ['line\nend', 'carriage\rreturn'],
          ['com,ma', ' spaces '],
        ],
      ),
    ).toBe('"a,b",c\r\nplain text,"quo""te"\r\n"line\nend","carriage\rreturn"\r\n"com,ma", spaces \r\n');
  });

  it('tells a missing value from an empty text', async () => {
    expect(await written([column('a'), column('b')], [[null, '']], { header: false })).toBe(',""\r\n');
    expect(
      await written([column('a'), column('b'), column('c')], [[null, '', '\\N']], {
        header: false,
        null: '\\N',
      }),
    ).toBe('\\N,"","\\N"\r\n');
  });

  it('writes numbers, truth values and JSON in their JSON forms', async () => {
    expect(
      await written(
        ['integer', 'bigint', 'float', 'boolean', 'json', 'array'].map((type) =>
          column(type, type as ResultColumn['type']),
        ),
        [[-1, '9007199254740993', new RawJson('-0'), true, new RawJson('{"a": [1,2]}'), ['x', null]]],
        { header: false },
      ),
    ).toBe('-1,9007199254740993,-0,true,"{""a"": [1,2]}","[""x"",null]"\r\n');
  });

  it.each([
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\tx',
    '\rx',
    '  =1',
    '\u00a0=1',
    '\uff1d1',
    '\ufeff=1',
    '=HYPERLINK("http://x","y")',
  ])('keeps spreadsheets from running %j when asked', async (value) => {
    const guarded = await written([column(value)], [[value]], { guard: true });
    for (const field of guarded.trimEnd().split('\r\n')) expect(field).toMatch(/^"?'/);
    const asItIs = await written([column('a')], [[value]], { header: false });
    expect(
      asItIs
        .replace(/^"|"\r\n$/g, '')
        .replaceAll('""', '"')
        .trimEnd(),
    ).toBe(value.trimEnd());
  });

  it('leaves numbers alone when it guards', async () => {
    const columns = [column('a', 'decimal'), column('b', 'integer'), column('c')];
    expect(await written(columns, [['-1.50', -2, 'a=b']], { guard: true, header: false })).toBe(
      '-1.50,-2,a=b\r\n',
    );
  });

  it('begins with a byte order mark when asked', async () => {
    expect(await written([column('ä')], [], { bom: true })).toBe('\ufeffä\r\n');
  });
});
