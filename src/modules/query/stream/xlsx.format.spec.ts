import zlib from 'node:zlib';
import { RawJson, type Cell } from '../../../drivers/cell';
import type { ResultColumn } from '../query-result';
import { XlsxEncoder } from './xlsx.format';
import { xlsxCell } from './xlsx-cell';

const column = (name: string, type: ResultColumn['type'] = 'text'): ResultColumn => ({
  name,
  type,
  nativeType: type,
  masked: false,
});

/** The files of a ZIP, by its central directory (APPNOTE 4.3.12). */
function unzip(bytes: Buffer): Map<string, string> {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const files = new Map<string, string>();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [method, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + size);
    files.set(
      bytes.toString('utf8', at + 46, at + 46 + name!),
      (method === 8 ? zlib.inflateRawSync(data) : data).toString('utf8'),
    );
    at += 46 + name! + extra! + comment!;
  }
  return files;
}

async function workbook(
  columns: ResultColumn[],
  batches: Cell[][][],
  maxSheetRows?: number,
): Promise<Map<string, string>> {
  const encoder = new XlsxEncoder(columns, maxSheetRows);
  const chunks = [await encoder.head()];
  for (const rows of batches) chunks.push(await encoder.rows(rows));
  chunks.push(await encoder.end());
  return unzip(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))));
}

describe('xlsxFormat', () => {
  it('writes a workbook with its parts and typed cells', async () => {
    const files = await workbook(
      [column('id', 'integer'), column('name & more')],
      [
        [
          [1, 'Ada <3'],
          [2, null],
        ],
        [[3, '=1+1']],
      ],
    );
    expect([...files.keys()].toSorted()).toEqual([
      '[Content_Types].xml',
      '_rels/.rels',
      'xl/_rels/workbook.xml.rels',
      'xl/styles.xml',
      'xl/workbook.xml',
      'xl/worksheets/sheet1.xml',
    ]);
    const text = (value: string, style = ''): string =>
      `<c${style} t="inlineStr"><is><t xml:space="preserve">${value}</t></is></c>`;
    expect(files.get('xl/worksheets/sheet1.xml')).toContain(
      `<sheetData><row>${text('id', ' s="3"')}${text('name &amp; more', ' s="3"')}</row>` +
        `<row><c><v>1</v></c>${text('Ada &lt;3')}</row><row><c><v>2</v></c><c/></row>` +
        `<row><c><v>3</v></c>${text('=1+1')}</row></sheetData></worksheet>`,
    );
  });

  it('begins a further sheet when one is full, with the names in it', async () => {
    const rows = Array.from({ length: 10 }, (_, n) => [n]);
    const files = await workbook([column('n', 'integer')], [rows, rows], 5);
    const sheets = [...files].filter(([path]) => path.startsWith('xl/worksheets/'));
    expect(sheets.map(([, xml]) => xml.match(/<row>/g)?.length)).toEqual([5, 5, 5, 5, 5]);
    expect(sheets.flatMap(([, xml]) => xml.match(/(?<=<v>)\d+/g) ?? []).map(Number)).toEqual([
      ...Array.from({ length: 10 }, (_, n) => n),
      ...Array.from({ length: 10 }, (_, n) => n),
    ]);
    expect(files.get('xl/workbook.xml')).toContain('<sheet name="Result 5" sheetId="5" r:id="rId5"/>');
  });

  it('has one sheet with names when there are no rows', async () => {
    const files = await workbook([column('n', 'integer')], []);
    expect(files.get('xl/worksheets/sheet1.xml')?.match(/<row>/g)).toHaveLength(1);
  });

  it('refuses more columns than a sheet has', () => {
    expect(() => new XlsxEncoder(Array.from({ length: 16_385 }, (_, n) => column(`c${n}`)))).toThrow(
      'at most 16384 columns',
    );
  });
});

describe('xlsxCell', () => {
  const valueOf = (cell: Cell, type: ResultColumn['type']): string =>
    /<v>(.*)<\/v>/.exec(xlsxCell(cell, { type }))?.[1] ??
    `text:${/<t [^>]*>(.*)<\/t>/s.exec(xlsxCell(cell, { type }))?.[1]}`;

  it.each<[Cell, ResultColumn['type'], string]>([
    [42, 'integer', '42'],
    [9007199254740991, 'integer', 'text:9007199254740991'],
    ['123456789012345', 'bigint', '123456789012345'],
    ['1234567890123456', 'bigint', 'text:1234567890123456'],
    ['-0.10', 'decimal', '-0.10'],
    ['NaN', 'decimal', 'text:NaN'],
    [1.5e-7, 'float', '1.5e-7'],
    [Infinity, 'float', 'text:Infinity'],
    [new RawJson('-0'), 'float', '-0'],
    [true, 'boolean', '1'],
    ['2026-11-20', 'date', '46346'],
    ['1900-02-28', 'date', 'text:1900-02-28'],
    ['infinity', 'date', 'text:infinity'],
    ['2026-11-20T12:00:00', 'timestamp', '46346.5'],
    ['2026-11-20T12:00:00.000Z', 'timestamptz', '46346.5'],
    ['2026-11-20T12:00:00.000001Z', 'timestamptz', 'text:2026-11-20T12:00:00.000001Z'],
    ['0000-00-00T00:00:00', 'timestamp', 'text:0000-00-00T00:00:00'],
    ['a\u0000b_x0041_\ud800', 'text', 'text:a_x0000_b_x005F_x0041__xD800_'],
    ['tab\tline\n', 'text', 'text:tab\tline\n'],
    ['\u{1f600}', 'text', 'text:\u{1f600}'],
    [new RawJson('{"a":1}'), 'json', 'text:{"a":1}'],
    [['1', null], 'array', 'text:["1",null]'],
  ])('writes %j of a %s column as %s', (cell, type, expected) => {
    expect(valueOf(cell, type)).toBe(expected);
  });

  it('cuts what no cell holds and says so', () => {
    const text = valueOf('x'.repeat(40_000), 'text').slice('text:'.length);
    expect(text).toHaveLength(32_767);
    expect(text).toMatch(/x… \[cut, 40000 characters\]$/);
  });
});
