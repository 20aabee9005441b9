import { tokenName, tokenize } from 'sqlite3-parser';
import { Refused, refuse } from '../../refused';
import { parseSqlite, type Tree } from '../parse-sqlite';
import { TreeWalker } from '../walk-tree';
import { below, child, children } from './tree';

/** An administrator's expression, parsed and shown to be one expression and nothing else. */
export interface PolicyExpression {
  /** `SELECT ` and the expression, without what stands around it: a comment at its end could swallow what follows. */
  readonly text: string;
  readonly node: Tree;
  /** Folded names of the relations its subqueries read. */
  readonly relations: readonly string[];
  readonly hasSubquery: boolean;
}

const select = 'SELECT ';
const subqueries = new Set(['SubqueryExpr', 'ExistsExpr', 'InSelectExpr', 'InTableExpr']);

/** @param owner how the expression is called in a refusal: `The row filter of orders` @throws Refused `policy.broken` */
export function parsePolicyExpression(written: string, owner: string): PolicyExpression {
  const broken = (reason: string): never => refuse('policy.broken', `${owner} ${reason}`);
  try {
    const text = select + trimmed(written);
    const root = parseSqlite(text);
    const body = child(root, 'body');
    const from = body && child(body, 'select');
    const columns = from ? children(from, 'columns') : [];
    const node = columns[0] && child(columns[0], 'expr');
    const extra =
      body?.with !== undefined ||
      children(body ?? root, 'compounds').length > 0 ||
      body?.orderBy !== undefined ||
      body?.limit !== undefined ||
      ['from', 'whereClause', 'groupBy', 'having', 'windowClause', 'distinctness'].some(
        (member) => from?.[member] !== undefined,
      );
    if (
      root.type !== 'SelectStmt' ||
      columns.length !== 1 ||
      !node ||
      extra ||
      columns[0]?.alias !== undefined
    )
      return broken('is not one expression');
    const walker = new TreeWalker({ namedParameters: true });
    walker.visit(root);
    const { relations } = walker.collector.facts('select');
    return {
      text,
      node,
      relations: relations
        .filter(({ schema }) => schema === null || schema === 'main')
        .map(({ name }) => name),
      hasSubquery: holds(node, subqueries),
    };
  } catch (error) {
    if (!(error instanceof Refused) || error.refusal.code === 'policy.broken') throw error;
    return broken(`cannot be read: ${error.refusal.detail}`);
  }
}

/** What stands between the first and the last token. */
function trimmed(text: string): string {
  let start: number | null = null;
  let end = 0;
  for (const token of tokenize(text)) {
    if (tokenName(token.type) === 'SEMI') refuse('policy.broken', 'holds a semicolon');
    start ??= token.span.offset;
    end = token.span.offset + token.span.length;
  }
  return start === null ? '' : text.slice(start, end);
}

export function holds(node: Tree, types: ReadonlySet<string>): boolean {
  return types.has(node.type) || below(node).some((part) => holds(part, types));
}
