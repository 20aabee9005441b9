import { scanSync, type ScanToken } from 'libpg-query';
import { maxTreeDepth, Nesting, refuseNesting } from '../nesting';
import { fromUtf8Offsets } from '../text-position';

type Effect = (nesting: Nesting, position: number) => void;
const open: Effect = (nesting, position) => nesting.open(position);
const close: Effect = (nesting) => nesting.close();
const comma: Effect = (nesting) => nesting.comma();
const operator: Effect = (nesting, position) => nesting.operator(position);
const setOperation: Effect = (nesting, position) => nesting.setOperation(position);
const none: Effect = () => undefined;

/** AND and OR are not among them: the grammar flattens their chains. Comparisons do not associate. */
const effects: ReadonlyMap<string, Effect> = new Map([
  ...['(', '[', 'case'].map((token) => [token, open] as const),
  ...[')', ']', 'end'].map((token) => [token, close] as const),
  [',', comma],
  ...['union', 'except', 'intersect', 'join'].map((token) => [token, setOperation] as const),
  ...['not', 'collate', 'at', '::'].map((token) => [token, operator] as const),
  ...['.', ';', ':', '=', '<', '>', '<=', '>=', '<>', '!=', ':=', '=>'].map(
    (token) => [token, none] as const,
  ),
]);

const isOperator = (token: ScanToken): boolean => /^[-+*/<>=~!@#%^&|`?]+$/.test(token.text);

function scan(text: string): readonly ScanToken[] {
  try {
    return scanSync(text).tokens;
  } catch {
    // What cannot be scanned cannot be parsed either: the parser gives the message and the position.
    return [];
  }
}

/**
 * `UPDATE … SET (a, b, …) = (SELECT …)` repeats the subquery in the tree for every column, so that 64 KiB of text become
 * gigabytes. The product of columns and text stays below this.
 */
const maxRepeated = 200_000;

/** Columns of each list in parentheses that an equals sign follows. */
class ColumnLists {
  private readonly open: number[] = [];
  private closed = 0;

  constructor(private readonly length: number) {}

  see(token: string): void {
    if (token === '=' && this.closed * this.length > maxRepeated) refuseNesting();
    this.closed = 0;
    if (token === '(') this.open.push(1);
    else if (token === ')') this.closed = this.open.pop() ?? 0;
    else if (token === ',' && this.open.length > 0) this.open.push((this.open.pop() ?? 0) + 1);
  }
}

const mayNest = /[([+\-*/%^|&#~!@<>?`]|::|\b(?:not|case|union|except|intersect|join|collate|at)\b/gi;
const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/**
 * Whether the text has enough of what nests or repeats, wherever it stands, to be worth a scan, which costs as much as
 * parsing. Most statements have not.
 */
function needsScan(text: string): boolean {
  if (count(text, mayNest) > maxTreeDepth) return true;
  return /set/i.test(text) && count(text, /,/g) * text.length > maxRepeated;
}

/**
 * The lexer reads a comment's start as the longest run of operator characters and then gives back all but two (scan.l,
 * xcstart), which takes seconds for 64 KiB of empty comments in a row.
 */
const longRun = /[~!@#^&|`?+\-*/%<>=]{500,}/g;

function refuseCommentRuns(text: string): void {
  for (const run of text.matchAll(longRun)) if (run[0].includes('/*')) refuseNesting(run.index);
}

/** Refuses what would overflow the stack or the memory of the parser, which answers nothing afterwards. @throws Refused */
export function checkNesting(text: string): void {
  refuseCommentRuns(text);
  if (!needsScan(text)) return;
  const nesting = new Nesting();
  const lists = new ColumnLists(text.length);
  const toPosition = fromUtf8Offsets(text);
  for (const token of scan(text)) {
    if (token.tokenName.endsWith('_COMMENT')) continue;
    const effect = effects.get(token.text.toLowerCase()) ?? (isOperator(token) ? operator : none);
    effect(nesting, toPosition(token.start));
    lists.see(token.text);
  }
}
