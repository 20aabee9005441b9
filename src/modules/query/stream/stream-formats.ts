import { arrowFormat } from './arrow.format';
import { csvFormat } from './csv.format';
import { jsonFormat } from './json.format';
import { ndjsonFormat } from './ndjson.format';
import { xlsxFormat } from './xlsx.format';
import { parquetFormat } from './parquet.format';
import type { StreamFormat } from './stream-format';

/** A new format is a file and a line here. */
export const streamFormats = {
  ndjson: ndjsonFormat,
  csv: csvFormat,
  json: jsonFormat,
  xlsx: xlsxFormat,
  arrow: arrowFormat,
  parquet: parquetFormat,
} as const satisfies Record<string, StreamFormat>;

export type StreamFormatName = keyof typeof streamFormats;

export const streamFormatNames = Object.keys(streamFormats) as StreamFormatName[];
