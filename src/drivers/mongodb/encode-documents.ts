import type { Cell, Column, Row } from '../cell';
import { bsonTypeOf, columnTypeOf } from './bson-types';
import { encodeCell } from './encode-cell';

export type Document = Readonly<Record<string, unknown>>;

/** Turns documents into rows: a column for each top-level member, in the order in which they are first seen. */
export class DocumentTable {
  readonly columns: Column[] = [];
  readonly #at = new Map<string, number>();

  /** Rows of one portion of the result; members not seen before become columns, typed by this whole portion. */
  encode(documents: readonly Document[]): Row[] {
    this.#learn(documents);
    return documents.map((document) => {
      const cells: Cell[] = [];
      for (const [name, value] of Object.entries(document)) {
        const at = this.#at.get(name) ?? 0;
        while (cells.length < at) cells.push(null);
        cells[at] = encodeCell(value, this.columns[at]?.type ?? 'mixed');
      }
      return cells;
    });
  }

  #learn(documents: readonly Document[]): void {
    const types = new Map<string, Set<string>>();
    for (const document of documents) {
      for (const [name, value] of Object.entries(document)) {
        if (this.#at.has(name)) continue;
        const known = types.get(name);
        if (known) known.add(bsonTypeOf(value));
        else types.set(name, new Set([bsonTypeOf(value)]));
      }
    }
    for (const [name, found] of types) {
      this.#at.set(name, this.columns.length);
      const named = [...found].filter((type) => type !== 'null');
      this.columns.push({
        name,
        type: columnTypeOf(found),
        nativeType: (named.length > 0 ? named : ['null']).join('|'),
      });
    }
  }
}
