import { isTree, type Tree } from '../json-tree';
import { foldName } from './fold-name';
import { identifiersOf, spanOf } from './tree';

/** How a string or a whole number is written; `null` for everything else. */
export function literalText(expression: unknown, text: string): string | null {
  const literal = isTree(expression) && isTree(expression.Value) ? expression.Value : {};
  const kind = isTree(literal.value) ? Object.keys(literal.value)[0] : '';
  const span = spanOf(literal);
  if (span === null) return null;
  const written = text.slice(span.start, span.end);
  return kind === 'SingleQuotedString' || (kind === 'Number' && /^\d+$/.test(written)) ? written : null;
}

/** `a = 'x' AND b = 1` as a map; `null` when the expression says anything else. */
export function equalitiesOf(expression: unknown, text: string): ReadonlyMap<string, string> | null {
  if (!isTree(expression)) return null;
  if (isTree(expression.Nested)) return equalitiesOf(expression.Nested, text);
  const operation: Tree = isTree(expression.BinaryOp) ? expression.BinaryOp : {};
  const { op, left, right } = operation;
  if (op === 'And') {
    const [first, second] = [equalitiesOf(left, text), equalitiesOf(right, text)];
    return first === null || second === null ? null : new Map([...first, ...second]);
  }
  const column = identifiersOf(left).at(-1);
  const value = literalText(right, text);
  if (op !== 'Eq' || column === undefined || value === null) return null;
  return new Map([[foldName(String(column.value)), value]]);
}
