import type { RootLine } from '../root-line';
import { readLines } from '../../../common/read-lines';

/** Hashes of the roots in a file that a sink wrote, by number. A last line that was cut off is left out. */
export async function readKnownRoots(file: string): Promise<Map<number, string>> {
  const roots = new Map<number, string>();
  for await (const line of readLines(file)) {
    const root = parse(line);
    if (root) roots.set(root.root.number, root.hash);
  }
  return roots;
}

function parse(line: string): RootLine | null {
  try {
    return JSON.parse(line) as RootLine;
  } catch {
    return null;
  }
}
