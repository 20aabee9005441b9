import type { Cell } from '../cell';

/**
 * Reads the text form of an array (manual, section "Array Input and Output Syntax"). An array whose lower bounds
 * are not 1 (`[0:1]={a,b}`) has no JSON array that says so and stays the text it is.
 */
export function parseArray(text: string, delimiter: string, element: (text: string) => Cell): Cell {
  if (text.charCodeAt(0) !== 0x7b) return text;
  let at = 0;

  function list(): Cell[] {
    const cells: Cell[] = [];
    at += 1;
    if (text[at] === '}') {
      at += 1;
      return cells;
    }
    for (;;) {
      cells.push(item());
      const sign = text[at];
      at += 1;
      if (sign !== delimiter) return cells;
    }
  }

  function item(): Cell {
    if (text[at] === '{') return list();
    if (text[at] === '"') return element(quoted());
    const start = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '}') at += 1;
    const word = text.slice(start, at);
    // a quoted "NULL" is the four letters, an unquoted one is no value
    return word === 'NULL' ? null : element(word);
  }

  function quoted(): string {
    let value = '';
    let start = at + 1;
    for (at = start; text[at] !== '"'; at += 1) {
      if (text[at] === '\\') {
        value += text.slice(start, at);
        at += 1;
        start = at;
      }
      if (at >= text.length) throw new Error('an array of the server ends too early');
    }
    value += text.slice(start, at);
    at += 1;
    return value;
  }

  return list();
}
