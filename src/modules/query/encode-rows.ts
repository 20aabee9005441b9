import type { Row } from '../../drivers/cell';
import { encodeCell } from './encode-cell';
import type { RowMode } from './query-request';

/** Encodes rows one after another; made once for a result, because names are encoded once. */
export function rowEncoder(names: readonly string[], mode: RowMode): (row: Row) => string {
  if (mode === 'array') {
    return (row) => {
      let text = '[';
      for (let index = 0; index < names.length; index++) {
        if (index > 0) text += ',';
        text += encodeCell(row[index]);
      }
      return `${text}]`;
    };
  }
  const keys = names.map((name, index) => `${index > 0 ? ',' : ''}${JSON.stringify(name)}:`);
  return (row) => {
    let text = '{';
    for (let index = 0; index < keys.length; index++) text += keys[index]! + encodeCell(row[index]);
    return `${text}}`;
  };
}
