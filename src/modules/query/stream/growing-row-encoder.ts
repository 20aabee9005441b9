import type { Row } from '../../../drivers/cell';
import { rowEncoder } from '../encode-rows';
import type { RowMode } from '../query-request';
import type { ResultColumn } from '../query-result';

/** Row encoders by the columns known so far: made anew only when a schemaless engine has shown more of them. */
export function growingRowEncoder(mode: RowMode): (columns: readonly ResultColumn[]) => (row: Row) => string {
  let known = -1;
  let encode: (row: Row) => string = () => '';
  return (columns) => {
    if (columns.length !== known) {
      known = columns.length;
      encode = rowEncoder(
        columns.map(({ name }) => name),
        mode,
      );
    }
    return encode;
  };
}
