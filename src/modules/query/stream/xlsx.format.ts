import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { ZipFile } from 'yazl';
import { AppError } from '../../../common/app-error';
import type { Row } from '../../../drivers/cell';
import type { Chunk, RowsEncoder, StreamFormat, StreamHead } from './stream-format';
import { styles, xlsxCell, xlsxText } from './xlsx-cell';
import { sheetEnd, sheetHead, xlsxParts } from './xlsx-parts';

/** Of a sheet, the heading among them (Excel's limits). */
export const MAX_SHEET_ROWS = 1_048_576;
const MAX_COLUMNS = 16_384;

/** Office Open XML (ECMA-376): sheets as they come, and behind the last the parts that name them. */
export const xlsxFormat: StreamFormat<RowsEncoder> = {
  contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  extension: 'xlsx',
  fixedColumns: true,
  compressed: true,
  options: [],
  load: async () => (head) => new XlsxEncoder(head.columns),
};

/** Memory holds what is between the sheet and the deflated bytes, whatever the size of the result. */
export class XlsxEncoder implements RowsEncoder {
  readonly #zip = new ZipFile();
  #out: Buffer[] = [];
  #sheet: PassThrough | null = null;
  #sheets = 0;
  #rows = 0;

  constructor(
    private readonly columns: StreamHead['columns'],
    private readonly maxSheetRows = MAX_SHEET_ROWS,
  ) {
    if (columns.length > MAX_COLUMNS) {
      throw new AppError('query.result_too_large', `A sheet has at most ${MAX_COLUMNS} columns`);
    }
    this.#zip.outputStream.on('data', (bytes: Buffer) => this.#out.push(bytes));
  }

  async head(): Promise<Chunk> {
    await this.#open();
    return this.#take();
  }

  async rows(rows: readonly Row[]): Promise<Chunk> {
    let text = '';
    const { columns } = this;
    for (const row of rows) {
      if (this.#rows === this.maxSheetRows) {
        await this.#write(text);
        text = '';
        await this.#close();
        await this.#open();
      }
      text += '<row>';
      for (let index = 0; index < columns.length; index++) text += xlsxCell(row[index], columns[index]!);
      text += '</row>';
      this.#rows += 1;
    }
    await this.#write(text);
    return this.#take();
  }

  async end(): Promise<Chunk> {
    await this.#close();
    for (const [path, text] of Object.entries(xlsxParts(this.#sheets))) {
      this.#zip.addBuffer(Buffer.from(text), path);
    }
    const ended = once(this.#zip.outputStream, 'end');
    this.#zip.end();
    await ended;
    return this.#take();
  }

  abandon(): void {
    this.#sheet?.destroy();
  }

  async #open(): Promise<void> {
    this.#sheets += 1;
    this.#rows = 1;
    this.#sheet = new PassThrough();
    this.#zip.addReadStream(this.#sheet, `xl/worksheets/sheet${this.#sheets}.xml`, { compressionLevel: 4 });
    const names = this.columns.map(({ name }) => xlsxText(name, styles.heading)).join('');
    await this.#write(`${sheetHead()}<row>${names}</row>`);
  }

  async #close(): Promise<void> {
    await this.#write(sheetEnd);
    this.#sheet?.end();
  }

  /** Resolves when the sheet has taken the text, which is when the compressor has. */
  async #write(text: string): Promise<void> {
    const sheet = this.#sheet;
    if (!sheet || text === '') return;
    if (!sheet.write(text)) await once(sheet, 'drain');
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    return bytes;
  }
}
