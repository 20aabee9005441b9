import type { PgType } from './builtin-types';

type Modifier = (typmod: number) => string;

const length: Modifier = (typmod) => `(${typmod - 4})`;
const precision: Modifier = (typmod) => `(${typmod})`;

/** How each type packs its modifier into atttypmod (the `*typmodout` functions of the server). */
const modifiers: Readonly<Record<string, Modifier>> = {
  bpchar: length,
  varchar: length,
  bit: precision,
  varbit: precision,
  time: precision,
  timetz: precision,
  timestamp: precision,
  timestamptz: precision,
  // precision in the upper half, scale as 11 bits of two's complement since version 15
  numeric: (typmod) => {
    const packed = typmod - 4;
    return `(${(packed >> 16) & 0xffff},${((packed & 0x7ff) ^ 1024) - 1024})`;
  },
};

/** `numeric(10,2)`, `varchar(20)[]`: the type's name in pg_type with what a declaration added to it. */
export function nativeType(type: PgType, typmod: number): string {
  if (type.element) return `${nativeType(type.element, typmod)}[]`;
  const print = typmod < 0 ? undefined : modifiers[type.name];
  return print ? type.name + print(typmod) : type.name;
}
