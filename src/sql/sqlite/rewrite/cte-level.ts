import type { Tree } from '../parse-sqlite';
import { fold } from '../walk-tree';
import type { Output } from './scope';
import { child, children, nameOf } from './tree';

interface Cte {
  readonly node: Tree;
  /** What its references are told while it is being bound: a recursive one reads itself. */
  provisional: Output | null;
  readsItself: boolean;
  output: Output | null;
}

/** Rounds in which masks may travel through a recursion before all of its columns count as masked. */
const maxRounds = 4;

/** The names of one WITH clause. Every clause sees all of its list, later ones and itself included (select.c, searchWith). */
export class CteLevel {
  private readonly ctes: ReadonlyMap<string, Cte>;

  constructor(
    nodes: readonly Tree[],
    private readonly outer: CteLevel | null,
    private readonly bind: (select: Tree, level: CteLevel) => Output,
  ) {
    this.ctes = new Map(
      nodes.map((node) => {
        const name = child(node, 'tblName');
        return [
          name === null ? '' : fold(nameOf(name)),
          { node, provisional: null, readsItself: false, output: null },
        ];
      }),
    );
  }

  /** @returns `null` when no clause has the name @param name folded */
  output(name: string): Output | null {
    const cte = this.ctes.get(name);
    if (cte === undefined) return this.outer?.output(name) ?? null;
    if (cte.output !== null) return cte.output;
    if (cte.provisional !== null) {
      cte.readsItself = true;
      return cte.provisional;
    }
    return this.settle(cte);
  }

  /** Binds what nothing has referred to: its relations have to be found too. */
  finish(): void {
    for (const cte of this.ctes.values()) if (cte.output === null) this.settle(cte);
  }

  private settle(cte: Cte): Output {
    const select = child(cte.node, 'select');
    if (select === null) return { columns: [], open: true };
    const given = children(cte.node, 'columns').map((column) => nameOf(child(column, 'colName') ?? column));
    cte.provisional = { columns: given.map((name) => ({ name, masked: false })), open: given.length === 0 };
    for (let round = 0; ; round += 1) {
      const bound = this.bind(select, this);
      const columns = bound.columns.map((column, index) => ({
        ...column,
        name: given[index] ?? column.name,
      }));
      const output = { columns, open: bound.open };
      const before = cte.provisional;
      const settled =
        before.columns.length === columns.length &&
        before.open === output.open &&
        columns.every((column, index) => {
          const other = before.columns[index];
          return other?.masked === column.masked && other.name === column.name;
        });
      if (settled || !cte.readsItself) return (cte.output = output);
      if (round === maxRounds) {
        cte.output = { columns: columns.map(({ name }) => ({ name, masked: true })), open: output.open };
        this.bind(select, this);
        return cte.output;
      }
      cte.provisional = output;
    }
  }
}
