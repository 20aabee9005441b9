import { quoteIdentifier } from '../../common/quote/mysql';
import { RawJson, type Cell, type Column } from '../cell';
import type { Chosen } from '../choose-overload';
import { cellReader, type CellReader } from './cell-reader';
import { describeColumn, type WireColumn } from './column-type';
import type { MysqlParameter, MysqlProcedure } from './describe-procedures';
import { encodeParameter } from './encode-parameter';

/** A statement of the driver with the values that are bound in it. */
export interface BoundText {
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface MysqlCallText {
  /** Puts the values of INOUT parameters where the procedure finds them; `null` where there are none. */
  readonly before: BoundText | null;
  readonly call: BoundText;
  /** Reads OUT and INOUT parameters back; `null` where there are none, and for functions. */
  readonly after: string | null;
  /** The parameters behind the columns of `after`. */
  readonly out: readonly MysqlParameter[];
}

/** User variables of the session, which is reset behind the call. */
const variable = (place: number): string => `@sluice_${place}`;

/** The statements that call a procedure, made of the catalog alone: names are quoted, values are bound. */
export function callText({ procedure, values }: Chosen<MysqlProcedure>): MysqlCallText {
  const { schema, name, parameters } = procedure;
  const full = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  const bind = (place: number): unknown => encodeParameter(values.get(place), place);
  const places = [...parameters.keys()];
  const taken = places.filter((place) => parameters[place]!.mode === 'in');
  const args = parameters.map(({ mode }, place) => (mode === 'in' ? '?' : variable(place))).join(', ');
  const call = { values: taken.map(bind) };
  if (procedure.kind === 'function') {
    return {
      before: null,
      call: { ...call, text: `SELECT ${full}(${args}) AS \`return\`` },
      after: null,
      out: [],
    };
  }
  const both = places.filter((place) => parameters[place]!.mode === 'inout');
  const out = places.filter((place) => parameters[place]!.mode !== 'in');
  return {
    before:
      both.length === 0
        ? null
        : { text: `SET ${both.map((place) => `${variable(place)} = ?`).join(', ')}`, values: both.map(bind) },
    call: { ...call, text: `CALL ${full}(${args})` },
    after:
      out.length === 0
        ? null
        : `SELECT ${out.map((place) => readBack(parameters[place]!, variable(place))).join(', ')}`,
    out: out.map((place) => parameters[place]!),
  };
}

/** A variable is of a few types only; these bring back what the parameter's type had beside them. */
const casts: Readonly<Record<string, (value: string, precision: number) => string>> = {
  date: (value) => `CAST(${value} AS DATE)`,
  time: (value, precision) => `CAST(${value} AS TIME(${precision}))`,
  datetime: (value, precision) => `CAST(${value} AS DATETIME(${precision}))`,
  timestamp: (value, precision) => `CAST(${value} AS DATETIME(${precision}))`,
  bit: (value, precision) => `LPAD(BIN(CAST(${value} AS UNSIGNED)), ${Math.max(1, precision)}, '0')`,
  ...Object.fromEntries(
    ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'].map((type) => [
      type,
      (value: string) => `CAST(${value} AS BINARY)`,
    ]),
  ),
};

function readBack({ name, dataType, precision }: MysqlParameter, value: string): string {
  return `${casts[dataType]?.(value, precision ?? 0) ?? value} AS ${quoteIdentifier(name ?? 'out')}`;
}

/** What the wire does not tell of a variable that came back: its parameter's type. */
const readers: Readonly<
  Record<string, { readonly type: Column['type']; readonly read: (text: string) => Cell }>
> = {
  ...Object.fromEntries(
    ['tinyint', 'smallint', 'mediumint', 'int', 'year'].map((type) => [
      type,
      { type: 'integer', read: Number } as const,
    ]),
  ),
  bit: { type: 'other', read: (text) => text },
  timestamp: { type: 'timestamptz', read: (text) => `${text}Z` },
  json: { type: 'json', read: (text) => new RawJson(text.replace(/[\r\n]+/g, ' ')) },
};

/** The column of an OUT parameter and how its value is read. */
export function outColumn(
  wire: WireColumn,
  { type, dataType }: MysqlParameter,
): { column: Column; read: CellReader } {
  const column = describeColumn(wire);
  const read = cellReader(wire);
  const own = readers[dataType];
  return {
    column: { name: wire.name, type: own?.type ?? column.type, nativeType: type },
    read: own
      ? (value) => {
          const cell = read(value);
          return typeof cell === 'string' || typeof cell === 'number' ? own.read(String(cell)) : cell;
        }
      : read,
  };
}
