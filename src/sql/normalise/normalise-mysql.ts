import { lexMysql } from '../mysql/lex-mysql';
import { joinPieces, type Piece } from './join-pieces';
import { readableName } from './readable-name';

/** Of a code of `lexMysql`, in which strings hold zeros only. What is not kept is a constant, or nothing that is known. */
const token =
  /(?<kept>`(?:[^`]|``)+`|[\p{L}_][\w$\p{L}]*|[^\s'\d\p{L}_`.]|\.(?!\d))|'[^']*'|(?:\d[\w.]*|\.\d\w*)(?:(?<=[eE])[-+]\d+)?|\S/gu;
/** What belongs to the string behind it: `_utf8mb4'…'`, `N'…'`, `x'…'`, `b'…'`. */
const introducer = /^(?:_[a-z0-9]+|[nxb])$/i;

/** Constants become `?`. @throws Refused for a text that engines could lex differently */
export function normaliseMysql(text: string): string {
  const pieces: Piece[] = [];
  for (const match of lexMysql(text).code.matchAll(token)) {
    const [written] = match;
    const [start, end] = [match.index, match.index + written.length];
    const last = pieces.at(-1);
    if (match.groups?.kept !== undefined) {
      pieces.push({ start, end, text: readableName(text.slice(start, end)) });
    } else if (last && last.end === start && introducer.test(last.text)) {
      pieces[pieces.length - 1] = { start: last.start, end, text: '?' };
    } else pieces.push({ start, end, text: '?' });
  }
  return joinPieces(pieces);
}
