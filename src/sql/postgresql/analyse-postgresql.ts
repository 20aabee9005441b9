import type { StatementFacts } from '../facts';
import { refuse } from '../refused';
import { fromUtf8Offsets } from '../text-position';
import { analyseDdl, isDdl } from './analyse-ddl';
import { describeNode } from './describe-node';
import { parsePostgresql } from './parse-postgresql';
import { TreeWalker } from './walk-tree';

type Tree = Readonly<Record<string, unknown>>;

const kinds: ReadonlyMap<string, string> = new Map([
  ['SelectStmt', 'select'],
  ['InsertStmt', 'insert'],
  ['UpdateStmt', 'update'],
  ['DeleteStmt', 'delete'],
  ['MergeStmt', 'merge'],
]);

/** EXPLAIN options that say how the plan is shown. SETTINGS would tell the server's configuration. */
const explainOptions = new Set([
  'analyze',
  'buffers',
  'costs',
  'format',
  'generic_plan',
  'memory',
  'serialize',
  'summary',
  'timing',
  'verbose',
  'wal',
]);

/** Spellings of false, as defGetBoolean reads them (define.c); everything else counts as true here. */
const falseWords = new Set(['false', 'off', '0']);

function saysFalse(argument: unknown): boolean {
  if (argument === undefined) return false;
  const { String: text, Integer: number, Boolean: flag } = argument as Record<string, Tree | undefined>;
  if (text) return falseWords.has(String(text.sval).toLowerCase());
  // Protobuf leaves zero and false out of the JSON.
  if (number) return (number.ival ?? 0) === 0;
  return flag !== undefined && flag.boolval !== true;
}

interface Explain {
  readonly query: Tree;
  readonly analyses: boolean;
}

function readExplain(node: Tree): Explain {
  let analyses = false;
  for (const option of (node.options ?? []) as readonly { DefElem?: Tree }[]) {
    const name = String(option.DefElem?.defname);
    if (!explainOptions.has(name))
      refuse('query.unsupported', `EXPLAIN does not take the option ${name.toUpperCase()} here`, {
        construct: `EXPLAIN (${name.toUpperCase()})`,
      });
    if (name === 'analyze' && !saysFalse(option.DefElem?.arg)) analyses = true;
  }
  return { query: node.query as Tree, analyses };
}

function factsOf(statement: Tree, text: string, explained = false): StatementFacts {
  const [kind = '', node] = Object.entries(statement)[0] ?? [];
  if (isDdl(kind) && !explained) return analyseDdl(kind, node as Tree, fromUtf8Offsets(text));
  if (!kinds.has(kind)) {
    const { construct, code } = describeNode(kind);
    refuse(code, `${construct} is not accepted here`, { construct });
  }
  const walker = new TreeWalker(fromUtf8Offsets(text));
  walker.visit(kind, node);
  const isValues = kind === 'SelectStmt' && (node as Tree).valuesLists !== undefined;
  return walker.collector.facts(isValues ? 'values' : (kinds.get(kind) ?? kind));
}

/** Facts of one statement, by PostgreSQL's own grammar. @throws Refused */
export async function analysePostgresql(text: string): Promise<StatementFacts> {
  const statements = await parsePostgresql(text);
  const [statement] = statements;
  if (statement === undefined) return refuse('query.empty', 'The statement is empty');
  if (statements.length > 1)
    refuse('query.multiple_statements', 'Send one statement at a time', {
      position: statements[1]?.position,
    });
  const explained = (statement.tree as { ExplainStmt?: Tree }).ExplainStmt;
  if (explained === undefined) return factsOf(statement.tree, text);
  const { query, analyses } = readExplain(explained);
  const facts = factsOf(query, text, true);
  if (analyses && facts.access === 'write')
    refuse('query.read_only', 'EXPLAIN ANALYZE runs the statement, and this one writes', {
      construct: 'EXPLAIN ANALYZE',
    });
  return { ...facts, kind: 'explain' };
}
