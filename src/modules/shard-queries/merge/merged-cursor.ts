import type { Row } from '../../../drivers/cell';
import type { Cursor } from '../../../drivers/driver';
import type { Merged } from './merge-parts';

/** Merged rows for whoever reads cursors. Disposing it lets go of what is not read any more. */
export function mergedCursor({ columns, rows }: Merged): Cursor {
  let buffer: readonly Row[] = [];
  let at = 0;
  let ended = false;
  return {
    columns,
    affectedRows: null,
    async read(limit, soon = false) {
      const taken: Row[] = [];
      while (taken.length < limit && !ended) {
        if (at === buffer.length) {
          if (soon && taken.length > 0) break;
          const next = await rows.next();
          ended = next.done === true;
          [buffer, at] = [next.done === true ? [] : next.value, 0];
        }
        const wanted = buffer.slice(at, at + limit - taken.length);
        at += wanted.length;
        for (const row of wanted) taken.push(row);
      }
      return taken;
    },
    async [Symbol.asyncDispose]() {
      await rows.return();
    },
  };
}
