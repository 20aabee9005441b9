import { isTree, type Tree } from '../json-tree';
import { refuse } from '../refused';
import { lexMysql, type LexedMysql } from './lex-mysql';
import { parseInWorker } from './parse-in-worker';
import { checkWords, withoutRollup } from './statement-words';

/** One statement of MySQL or MariaDB, of an accepted kind, as the lexer and the grammar read it. */
export interface ParsedMysql {
  readonly lexed: LexedMysql;
  readonly kind: string;
  /** The statement; what EXPLAIN explains. */
  readonly tree: Tree;
  /** The members of EXPLAIN around it, `null` where there is none. */
  readonly explain: Tree | null;
}

const tooComplex = (position?: number): never =>
  refuse('query.too_complex', 'The statement is too complex to be analysed', { position });

/**
 * Where the grammar stopped. It names the token and a place, which is sometimes that of the token after it; EOF has no
 * place.
 */
function placeOf(message: string, code: string): number {
  const [, found = '', column] = /found: (.*) at Line: 1, Column: (\d+)$/.exec(message) ?? [];
  if (column === undefined) return code.length;
  const position = Number(column) - 1;
  if (code.startsWith(found, position)) return position;
  return Math.max(0, code.lastIndexOf(found, position));
}

/**
 * From this many parentheses inside each other the grammar may run out of depth in one reading of them and report the
 * failure of another one: what it calls a syntax error there is none.
 */
const doubtfulDepth = 12;

function depthOf(code: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of code) {
    if (character === '(') deepest = Math.max(deepest, (depth += 1));
    else if (character === ')') depth -= 1;
  }
  return deepest;
}

/** The grammar's own messages speak of its tokens; the caller gets the place and the text that stands there. */
function refuseSyntax(message: string, code: string, text: string): never {
  if (message.startsWith('recursion limit') || depthOf(code) > doubtfulDepth) return tooComplex();
  const position = placeOf(message, code);
  const near = /^[\w$]{1,40}|^\S?/.exec(text.slice(position))?.[0] ?? '';
  const place = near === '' ? 'the end' : `"${near}"`;
  return refuse(
    'query.syntax',
    `The statement has a syntax error, or something not supported, near ${place}`,
    {
      position,
    },
  );
}

/** The tree of what the grammar takes for one statement. @throws Refused */
export async function parseTree(code: string, text: string): Promise<Tree> {
  const outcome = await parseInWorker(code);
  if (outcome.kind === 'broken') return tooComplex();
  if (outcome.kind === 'timeout')
    return refuse('service.unavailable', 'The analysis of the statement took too long');
  if (outcome.kind === 'syntax') return refuseSyntax(outcome.message, code, text);
  const statements = JSON.parse(outcome.json) as readonly Tree[];
  const [statement] = statements;
  if (statement === undefined) return refuse('query.empty', 'The statement is empty');
  if (statements.length > 1) return refuse('query.multiple_statements', 'Send one statement at a time');
  return statement;
}

const writes: ReadonlyMap<string, string> = new Map([
  ['Insert', 'insert'],
  ['Update', 'update'],
  ['Delete', 'delete'],
]);

/** The kind by the innermost body: WITH and parentheses wrap queries and changes alike. */
function kindOf(tree: Tree): string {
  const [key = '', value] = Object.entries(tree)[0] ?? [];
  const body = isTree(value) ? value.body : undefined;
  if (key === 'Query' && isTree(body)) return kindOf(body);
  if (key === 'Insert' && isTree(value)) {
    const insert = isTree(value.Insert) ? value.Insert : value;
    return insert.replace_into === true ? 'replace' : 'insert';
  }
  return writes.get(key) ?? (key === 'Values' ? 'values' : 'select');
}

/** EXPLAIN shows the plan of the statement inside; DESCRIBE of a table reads the catalog. */
function readExplain(tree: Tree): { readonly kind: string; readonly tree: Tree } | null {
  if (!isTree(tree.Explain)) return null;
  const { statement, analyze, options } = tree.Explain;
  if (!isTree(statement) || Array.isArray(options))
    return refuse('query.unsupported', 'EXPLAIN of this form is not accepted here', { construct: 'EXPLAIN' });
  if (analyze === true && kindOf(statement) !== 'select')
    refuse('query.read_only', 'EXPLAIN ANALYZE runs the statement, and this one writes', {
      construct: 'EXPLAIN ANALYZE',
    });
  return { kind: 'explain', tree: statement };
}

const accepted = new Set(['Query', 'Insert', 'Update', 'Delete']);

/** Reads one statement; nothing of what it touches is looked at yet. @throws Refused */
export async function parseMysql(text: string): Promise<ParsedMysql> {
  const lexed = lexMysql(text);
  checkWords(lexed);
  const parsed = await parseTree(withoutRollup(lexed), text);
  const { kind, tree } = readExplain(parsed) ?? { kind: kindOf(parsed), tree: parsed };
  const [variant = ''] = Object.keys(tree);
  if (!accepted.has(variant)) {
    const construct = variant.replace(/([a-z])([A-Z])/g, '$1 $2').toUpperCase();
    refuse('query.unsupported', `${construct} is not accepted here`, { construct });
  }
  return { lexed, kind, tree, explain: isTree(parsed.Explain) ? parsed.Explain : null };
}
