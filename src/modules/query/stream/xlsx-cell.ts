import { RawJson, type Cell } from '../../../drivers/cell';
import { encodeCell } from '../../../drivers/encode-cell';
import type { ResultColumn } from '../query-result';

/** Characters of a cell at most, as Excel's limits have it. */
export const MAX_CELL_LENGTH = 32_767;
/** Digits that a spreadsheet keeps of a number. */
const MAX_DIGITS = 15;
const DAY_MS = 86_400_000;
/** Day 0 of the 1900 date system; right from 1 March 1900, before which it counts a day that was not. */
const EPOCH_MS = Date.UTC(1899, 11, 30);
const FIRST_DAY_MS = Date.UTC(1900, 2, 1);

/** Formats of `styles.xml`, by their place in it. */
export const styles = { date: 1, timestamp: 2, heading: 3 } as const;

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
/** Without a fraction finer than what a spreadsheet shows: those stay texts. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3}0*)?Z?$/;

type Write = (value: string) => string | null;

/** Cells that are more than text, by the type of their column; what does not fit exactly is written as text. */
const writers: Readonly<Record<string, Write>> = {
  integer: number,
  bigint: number,
  decimal: number,
  float: number,
  date: (value) => (DATE.test(value) ? serial(`${value}T00:00:00Z`, styles.date) : null),
  timestamp: (value) => (TIMESTAMP.test(value) ? serial(`${value}Z`, styles.timestamp) : null),
  timestamptz: (value) => (TIMESTAMP.test(value) ? serial(value, styles.timestamp) : null),
};

/** A cell of a sheet (ECMA-376 part 1, 18.3.1.4), without its address: cells stand in the order of their columns. */
export function xlsxCell(cell: Cell | undefined, { type }: Pick<ResultColumn, 'type'>): string {
  if (cell === null || cell === undefined) return '<c/>';
  if (typeof cell === 'boolean') return `<c t="b"><v>${cell ? 1 : 0}</v></c>`;
  const value =
    typeof cell === 'string' || (typeof cell === 'number' && cell !== 0) ? String(cell) : encodeCell(cell);
  const whole = cell instanceof RawJson || typeof cell !== 'object';
  return (whole ? writers[type]?.(value) : null) ?? xlsxText(value);
}

/** A text that nothing takes for a formula: its type says that it is a text. */
export function xlsxText(value: string, style = 0): string {
  const cut =
    value.length <= MAX_CELL_LENGTH
      ? value
      : (() => {
          const end = `… [cut, ${value.length} characters]`;
          return value.slice(0, MAX_CELL_LENGTH - end.length).toWellFormed() + end;
        })();
  const attribute = style === 0 ? '' : ` s="${style}"`;
  return `<c${attribute} t="inlineStr"><is><t xml:space="preserve">${escapeXml(cut)}</t></is></c>`;
}

// What XML 1.0 cannot hold, and what reads like the escape for it (ECMA-376 part 1, 22.9.2.19).
// oxlint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)/gu;
const MARKUP: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

export function escapeXml(value: string): string {
  return value
    .replace(
      UNFIT,
      (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
    )
    .replace(/[&<>]/g, (character) => MARKUP[character]!);
}

function number(value: string): string | null {
  if (!NUMBER.test(value)) return null;
  const digits = value
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
  return digits.length <= MAX_DIGITS && Number.isFinite(Number(value)) ? `<c><v>${value}</v></c>` : null;
}

function serial(iso: string, style: number): string | null {
  const ms = Date.parse(iso.replace(/(\.\d{3})0*Z$/, '$1Z'));
  if (Number.isNaN(ms) || ms < FIRST_DAY_MS) return null;
  return `<c s="${style}"><v>${(ms - EPOCH_MS) / DAY_MS}</v></c>`;
}
