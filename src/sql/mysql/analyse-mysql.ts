import type { StatementFacts } from '../facts';
import { refuse } from '../refused';
import { analyseDdl, isDdl } from './analyse-ddl';
import { lexMysql, type LexedMysql } from './lex-mysql';
import { parseMysql, parseTree, type ParsedMysql } from './parse-mysql';
import { accountWords } from './statement-words';
import { TreeWalker, type Census } from './walk-tree';

/**
 * Reserved words that make a table reference occur as often in the text as in the tree, or the grammar read the text
 * in another way than the server will.
 */
function compareWithWords(census: Census, { words }: LexedMysql): void {
  const count = (...wanted: string[]): number => words.filter(({ word }) => wanted.includes(word)).length;
  const agrees =
    count('select') === census.select &&
    count('table') === census.table &&
    count('join', 'straight_join') === census.join &&
    count('into') === census.into;
  if (!agrees) refuse('query.unsupported', 'The statement has a form that is not supported');
}

/** Facts of one statement of MySQL or MariaDB. @throws Refused */
export async function analyseMysql(text: string): Promise<StatementFacts> {
  const lexed = lexMysql(text);
  if (isDdl(lexed)) return analyseDdl(lexed, () => parseTree(lexed.code, text));
  return collectFacts(await parseMysql(text));
}

/** Facts of a statement that has been parsed. @throws Refused */
export function collectFacts({ lexed, kind, tree }: ParsedMysql): StatementFacts {
  const walker = new TreeWalker();
  walker.walk(tree);
  compareWithWords(walker.census, lexed);
  for (const { word, position } of lexed.words)
    if (accountWords.has(word)) walker.collector.function(null, word, false, position);
  walker.collector.parameterCount = lexed.parameterCount;
  return walker.collector.facts(kind);
}
