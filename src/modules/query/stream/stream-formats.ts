import { csvFormat } from './csv.format';
import { jsonFormat } from './json.format';
import { ndjsonFormat } from './ndjson.format';
import type { StreamFormat } from './stream-format';

/** A new format is a file and a line here. */
export const streamFormats = {
  ndjson: ndjsonFormat,
  csv: csvFormat,
  json: jsonFormat,
} as const satisfies Record<string, StreamFormat>;

export type StreamFormatName = keyof typeof streamFormats;

export const streamFormatNames = Object.keys(streamFormats) as StreamFormatName[];
