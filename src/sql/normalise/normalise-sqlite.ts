import { tokenize, tokenName } from 'sqlite3-parser';
import { joinPieces } from './join-pieces';
import { readableName } from './readable-name';

/** Words, quoted names, parameters and signs; whatever else the tokenizer finds is a constant or nothing. */
const harmless = /^(?:[\p{L}_][^']*|"[^]*"|`[^]*`|\[[^]*\]|[?:@$#][^']*|[^'\p{N}\p{L}_"`[\]]+)$/u;
const constants = new Set(['STRING', 'BLOB', 'INTEGER', 'FLOAT', 'QNUMBER', 'ILLEGAL']);

/**
 * Constants become `?`. What stands in double quotes is a name: the driver's SQLite is built without the old reading that
 * takes an unknown one for a string (SQLITE_DQS=0).
 */
export function normaliseSqlite(text: string): string {
  const pieces = [];
  for (const { type, span } of tokenize(text)) {
    const [start, end] = [span.offset, span.offset + span.length];
    const written = text.slice(start, end);
    const isConstant = constants.has(tokenName(type) ?? 'ILLEGAL') || !harmless.test(written);
    pieces.push({ start, end, text: isConstant ? '?' : readableName(written) });
  }
  return joinPieces(pieces);
}
