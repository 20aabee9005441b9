import type { ErrorCode } from '../../common/errors/catalog';
import { refuse } from '../refused';
import type { LexedMysql } from './lex-mysql';

const byFirstWord = (code: ErrorCode, list: string): [string, ErrorCode][] =>
  list.split(' ').map((word) => [word, code]);

/** Statements known by their first word; the grammar sees none of them. */
const refusedFirstWords: ReadonlyMap<string, ErrorCode> = new Map([
  ...byFirstWord(
    'query.read_only',
    'create alter drop truncate rename grant revoke call do load lock unlock handler import optimize analyze repair check checksum flush install uninstall change reset purge kill shutdown restart binlog cache clone',
  ),
  ...byFirstWord(
    'query.unsupported',
    'set show use begin start commit rollback savepoint release prepare execute deallocate xa help signal resignal get table stop',
  ),
]);

/** Reserved words (none can be a name without quotes) that only occur in what is refused. */
const refusedWords: ReadonlyMap<string, ErrorCode> = new Map([
  ['outfile', 'query.read_only'],
  ['dumpfile', 'query.read_only'],
  ['lock', 'query.read_only'],
  ['procedure', 'query.unsupported'],
]);

/** Functions that need no parentheses and tell the account. */
export const accountWords: ReadonlySet<string> = new Set(['current_user', 'current_role']);

/** Refuses by words alone what the grammar need not know. @throws Refused */
export function checkWords({ words, code }: LexedMysql): void {
  const [first] = words;
  if (first === undefined) {
    if (code.trim() === '') refuse('query.empty', 'The statement is empty');
    return;
  }
  const refused = refusedFirstWords.get(first.word);
  const isFirst = code.slice(0, first.position).trim() === '';
  if (isFirst && refused !== undefined) refuseWord(refused, first.word, first.position);
  for (const { word, position } of words) {
    const code = refusedWords.get(word);
    if (code !== undefined) refuseWord(code, word, position);
  }
}

function refuseWord(code: ErrorCode, word: string, position: number): never {
  const construct = word.toUpperCase();
  refuse(code, `${construct} is not accepted here`, { construct, position });
}

/** `GROUP BY … WITH ROLLUP`, which the grammar does not know and which names nothing, taken out of the code. */
export function withoutRollup({ code, words }: LexedMysql): string {
  let result = code;
  words.forEach(({ word, position }, index) => {
    const previous = words[index - 1];
    if (word !== 'rollup' || previous?.word !== 'with') return;
    if (code.slice(previous.position + 4, position).trim() !== '') return;
    const end = position + word.length;
    result = result.slice(0, previous.position) + ' '.repeat(end - previous.position) + result.slice(end);
  });
  return result;
}
