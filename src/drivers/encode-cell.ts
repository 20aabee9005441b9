import { RawJson, type Cell } from './cell';

// What JSON strings must escape (RFC 8259 §7), and surrogates, which may be lone.
// oxlint-disable-next-line no-control-regex
const NEEDS_ESCAPE = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** A cell as JSON text. Most cells are short plain strings: those need no escaping, only quotes. */
export function encodeCell(cell: Cell | undefined): string {
  if (typeof cell === 'string') return NEEDS_ESCAPE.test(cell) ? JSON.stringify(cell) : `"${cell}"`;
  if (cell === null || cell === undefined) return 'null';
  if (typeof cell === 'number') return encodeNumber(cell);
  if (typeof cell === 'boolean') return cell ? 'true' : 'false';
  if (cell instanceof RawJson) return cell.text;
  return `[${cell.map(encodeCell).join(',')}]`;
}

function encodeNumber(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}
