import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Two databases that differ in nothing but what is protected. Whoever may not see it must get the same answer from
 * both, whatever they ask; an answer that differs has told something, even if no protected value stands in it.
 */
export type World = 'A' | 'B';
export const worlds: readonly World[] = ['A', 'B'];

export type Cell = string | number | boolean | null;

export interface FixtureTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

interface Written {
  readonly canaries: Readonly<Record<World, readonly string[]>>;
  readonly tables: Readonly<
    Record<
      string,
      {
        readonly columns: readonly string[];
        readonly rows: readonly (readonly Cell[])[];
        readonly rowsOnlyInB?: readonly (readonly Cell[])[];
      }
    >
  >;
}

const written = JSON.parse(readFileSync(join(__dirname, 'fixture', 'data.json'), 'utf8')) as Written;

/** `{{a|b}}` is `a` in world A and `b` in world B. */
export function inWorld(text: string, world: World): string {
  return text.replace(/\{\{([^|}]*)\|([^}]*)\}\}/g, (_, a: string, b: string) => (world === 'A' ? a : b));
}

export function tablesOf(world: World): readonly FixtureTable[] {
  return Object.entries(written.tables).map(([name, { columns, rows, rowsOnlyInB = [] }]) => ({
    name,
    columns,
    rows: [...rows, ...(world === 'B' ? rowsOnlyInB : [])].map((row) =>
      row.map((cell) => (typeof cell === 'string' ? inWorld(cell, world) : cell)),
    ),
  }));
}

export const canaries: readonly string[] = [...written.canaries.A, ...written.canaries.B];
/** Those that are too long to be found by chance in logs and tables full of times and numbers. */
export const longCanaries: readonly string[] = canaries.filter((canary) => canary.length >= 7);
