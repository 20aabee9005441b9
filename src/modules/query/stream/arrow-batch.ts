import type { Data, DataType } from 'apache-arrow';
import type { ColumnarType, ColumnarValue } from './columnar-type';

type Arrow = typeof import('apache-arrow');

export function arrowType(arrow: Arrow, type: ColumnarType): DataType {
  return types[type](arrow);
}

const types: Readonly<Record<ColumnarType, (arrow: Arrow) => DataType>> = {
  boolean: ({ Bool }) => new Bool(),
  int64: ({ Int64 }) => new Int64(),
  uint64: ({ Uint64 }) => new Uint64(),
  double: ({ Float64 }) => new Float64(),
  string: ({ Utf8 }) => new Utf8(),
  binary: ({ Binary }) => new Binary(),
  date: ({ DateDay }) => new DateDay(),
  timestamp: ({ TimestampMicrosecond }) => new TimestampMicrosecond(),
  timestamptz: ({ TimestampMicrosecond }) => new TimestampMicrosecond('UTC'),
};

/** A column of a record batch as its buffers (Arrow columnar format, "Physical memory layout"). */
export function arrowColumn(
  { makeData }: Arrow,
  type: DataType,
  columnar: ColumnarType,
  values: readonly ColumnarValue[],
): Data {
  const { length } = values;
  const nullBitmap = bitmap(values, (value) => value !== null);
  const nullCount = values.filter((value) => value === null).length;
  return makeData({ type, length, nullCount, nullBitmap, ...buffers[columnar](values) } as never);
}

type Buffers = (values: readonly ColumnarValue[]) => {
  readonly data: ArrayBufferView;
  readonly valueOffsets?: Int32Array;
};

const int64: Buffers = (values) => ({
  data: BigInt64Array.from(values, (value) => (value as bigint | null) ?? 0n),
});

const buffers: Readonly<Record<ColumnarType, Buffers>> = {
  boolean: (values) => ({ data: bitmap(values, (value) => value === true) }),
  int64,
  uint64: (values) => ({ data: BigUint64Array.from(values, (value) => (value as bigint | null) ?? 0n) }),
  double: (values) => ({ data: Float64Array.from(values, (value) => (value as number | null) ?? 0) }),
  date: (values) => ({ data: Int32Array.from(values, (value) => (value as number | null) ?? 0) }),
  timestamp: int64,
  timestamptz: int64,
  string: (values) => variable(values.map((value) => Buffer.from((value as string | null) ?? '', 'utf8'))),
  binary: (values) => variable(values.map((value) => (value as Uint8Array | null) ?? new Uint8Array(0))),
};

function variable(parts: readonly Uint8Array[]): ReturnType<Buffers> {
  const valueOffsets = new Int32Array(parts.length + 1);
  let at = 0;
  for (const [index, part] of parts.entries()) valueOffsets[index + 1] = at += part.byteLength;
  return { data: Buffer.concat(parts, at), valueOffsets };
}

function bitmap(
  values: readonly ColumnarValue[],
  isSet: (value: ColumnarValue) => boolean,
): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (const [index, value] of values.entries()) {
    if (isSet(value)) bits[index >> 3]! |= 1 << (index & 7);
  }
  return bits;
}
