import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A file of the project as text. */
export function readDocument(name: string): string {
  return readFileSync(path.join(__dirname, '..', '..', name), 'utf8');
}

/** The part of a document under a heading, up to the next one of the same or a higher level. */
export function sectionOf(document: string, heading: string): string {
  const level = heading.indexOf(' ');
  const start = document.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`there is no heading ${heading}`);
  const rest = document.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The rows of every table of a text, by the names in the head of their table. */
export function tableRows(text: string): Record<string, string>[] {
  const rows: Record<string, string>[] = [];
  let head: string[] | null = null;
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) head = null;
    else if (head === null) head = cellsOf(line);
    else if (!/^[|\s:-]+$/.test(line)) {
      const cells = cellsOf(line);
      rows.push(Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])));
    }
  }
  return rows;
}

/** The text in the first back quotes of a cell, `null` without. */
export function codeOf(cell: string | undefined): string | null {
  return /`([^`]*)`/.exec(cell ?? '')?.[1] ?? null;
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\|\s*$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
