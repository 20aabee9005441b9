import { RawJson, type Cell } from '../cell';
import type { CanonicalType } from '../cell';
import type { PgType } from './builtin-types';
import { parseArray } from './parse-array';

/** Turns the server's text of a value into its canonical form. */
export type CellReader = (text: string) => Cell;

/** Readers of the canonical types whose form differs from the server's text under the pinned session settings. */
const readers: Partial<Record<CanonicalType, CellReader>> = {
  boolean: (text) => text === 't',
  integer: Number,
  float: (text) => {
    // JSON numbers keep the sign of zero, JavaScript's printing of them does not
    if (text === '-0') return new RawJson('-0');
    const value = Number(text);
    return Number.isFinite(value) ? value : text;
  },
  // bytea_output = hex: `\x` and two digits for each byte
  bytes: (text) => Buffer.from(text.slice(2), 'hex').toString('base64'),
  // line ends can only be white space: a JSON string has them escaped
  json: (text) => new RawJson(/[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text),
  timestamp: (text) => text.replace(' ', 'T'),
  // `2026-01-31 10:00:00+00` and `… BC`; the session's zone is UTC
  timestamptz: (text) => text.replace(' ', 'T').replace('+00', 'Z'),
  // `10:00:00+02` and `…+05:30`
  timetz: (text) => text.replace(/([+-]\d\d)$/, '$1:00'),
};

/** The reader of a type; `null` when the server's text is the canonical form already. */
export function cellReader(type: PgType): CellReader | null {
  if (type.element) {
    const { element, delimiter = ',' } = type;
    const read = cellReader(element) ?? ((text: string) => text);
    return (text) => parseArray(text, delimiter, read);
  }
  return readers[type.type] ?? null;
}
