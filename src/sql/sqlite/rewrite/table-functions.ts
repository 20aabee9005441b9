import { plainSource, type OutputColumn, type Source } from './scope';

const json = { columns: 'key value type atom id parent fullkey path', unlisted: 'json root' };
const series = { columns: 'value', unlisted: 'start stop step' };

/** A table made of a value (https://sqlite.org/json1.html#jeach); `masked` when the value can be. */
export function tableFunctionColumns(name: string, masked: boolean): Omit<Source, 'names'> {
  const { columns, unlisted } = name === 'generate_series' ? series : json;
  const listed = (names: string): OutputColumn[] => names.split(' ').map((each) => ({ name: each, masked }));
  return { ...plainSource, columns: listed(columns), unlisted: listed(unlisted), open: false };
}
