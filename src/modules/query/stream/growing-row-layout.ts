import { rowLayout, type RowLayout, type RowMode, type RowSeparators } from '../../../drivers/row-layout';
import type { ResultColumn } from '../query-result';

/** Layouts by the columns known so far: made anew only when a schemaless engine has shown more of them. */
export function growingRowLayout(
  mode: RowMode,
  separators: RowSeparators,
): (columns: readonly ResultColumn[]) => RowLayout {
  let known: readonly ResultColumn[] | null = null;
  let layout: RowLayout;
  return (columns) => {
    if (columns.length !== known?.length) {
      known = columns;
      layout = rowLayout(
        columns.map(({ name }) => name),
        mode,
        separators,
      );
    }
    return layout;
  };
}
