import type { DescribedColumn } from '../../../common/relation-description';
import { keyedHashFunction } from '../../../common/keyed-hash-function';
import { quoteIdentifier } from '../../../common/quote/sqlite';
import type { MaskKind } from '../../policy/relation-policy';

type BuiltIn = Exclude<MaskKind, 'expression'>;

/** Longest text whose parts are shown as those of an address; finding the last `@` takes the square of the length. */
const maxEmailLetters = 1_000;

/** Of a text form. `rtrim` of everything but `@` leaves what stands up to the last one. */
const ofText: Readonly<Record<'email' | 'phone' | 'card_number' | 'name', (text: string) => string>> = {
  email: (text) => {
    const upToAt = `rtrim(${text}, replace(${text}, '@', ''))`;
    const shown = `CASE length(${upToAt}) WHEN 1 THEN 0 WHEN 2 THEN 0 WHEN 3 THEN 1 ELSE 2 END`;
    const parts = `substr(${text}, 1, ${shown}) || '***@' || substr(${text}, length(${upToAt}) + 1)`;
    return `CASE WHEN instr(${text}, '@') = 0 OR length(${text}) > ${maxEmailLetters} THEN '***' ELSE ${parts} END`;
  },
  phone: (text) => outerLetters(text, 3, 10),
  card_number: (text) => outerLetters(text, 4, 12),
  name: (text) => `substr(${text}, 1, 1) || '***'`,
};

function outerLetters(text: string, first: number, fewest: number): string {
  return `CASE WHEN length(${text}) < ${fewest} THEN '***' ELSE substr(${text}, 1, ${first}) || '***' || substr(${text}, -4) END`;
}

/**
 * What is shown instead of a column, as an expression that raises no error for any value. A column of SQLite may hold
 * any class of value: the kinds made for texts show the text form of numbers and nothing of a BLOB.
 */
export function maskExpression(mask: BuiltIn, column: DescribedColumn): string {
  const shown = shownFor(mask, column);
  // comparisons go by the affinity of the column (https://sqlite.org/datatype3.html#affinity_of_expressions)
  return column.textual && mask !== 'null' ? `CAST(${shown} AS TEXT)` : shown;
}

function shownFor(mask: BuiltIn, column: DescribedColumn): string {
  const name = quoteIdentifier(column.name);
  if (mask === 'null') return 'NULL';
  if (mask === 'hash') {
    const form = `CASE typeof(${name}) WHEN 'blob' THEN ${name} ELSE CAST(${name} AS TEXT) END`;
    return `${keyedHashFunction}(${column.textual ? name : form})`;
  }
  if (mask === 'full') {
    if (column.textual) return `CASE WHEN ${name} IS NOT NULL THEN '***' END`;
    // no type, or a column computed by a view: each value is what it is
    return column.type.toUpperCase() === 'BLOB' ? `CASE typeof(${name}) WHEN 'text' THEN '***' END` : 'NULL';
  }
  // a column of text affinity holds texts and BLOBs
  const text = column.textual ? name : `CAST(${name} AS TEXT)`;
  return `CASE typeof(${name}) WHEN 'null' THEN NULL WHEN 'blob' THEN '***' ELSE ${ofText[mask](text)} END`;
}
