import type { CanonicalType } from '../cell';

/** `[oid, name, canonical type, oid of its array type]` of every built-in type a column can have (pg_type.dat). */
const rows: readonly (readonly [number, string, CanonicalType, number])[] = [
  [16, 'bool', 'boolean', 1000],
  [17, 'bytea', 'bytes', 1001],
  [18, 'char', 'text', 1002],
  [19, 'name', 'text', 1003],
  [20, 'int8', 'bigint', 1016],
  [21, 'int2', 'integer', 1005],
  [22, 'int2vector', 'other', 1006],
  [23, 'int4', 'integer', 1007],
  [24, 'regproc', 'other', 1008],
  [25, 'text', 'text', 1009],
  [26, 'oid', 'integer', 1028],
  [27, 'tid', 'other', 1010],
  [28, 'xid', 'integer', 1011],
  [29, 'cid', 'integer', 1012],
  [30, 'oidvector', 'other', 1013],
  [114, 'json', 'json', 199],
  [142, 'xml', 'other', 143],
  [194, 'pg_node_tree', 'other', 0],
  [600, 'point', 'other', 1017],
  [601, 'lseg', 'other', 1018],
  [602, 'path', 'other', 1019],
  [603, 'box', 'other', 1020],
  [604, 'polygon', 'other', 1027],
  [628, 'line', 'other', 629],
  [650, 'cidr', 'other', 651],
  [700, 'float4', 'float', 1021],
  [701, 'float8', 'float', 1022],
  [705, 'unknown', 'text', 0],
  [718, 'circle', 'other', 719],
  [774, 'macaddr8', 'other', 775],
  [790, 'money', 'other', 791],
  [829, 'macaddr', 'other', 1040],
  [869, 'inet', 'other', 1041],
  [1033, 'aclitem', 'other', 1034],
  [1042, 'bpchar', 'text', 1014],
  [1043, 'varchar', 'text', 1015],
  [1082, 'date', 'date', 1182],
  [1083, 'time', 'time', 1183],
  [1114, 'timestamp', 'timestamp', 1115],
  [1184, 'timestamptz', 'timestamptz', 1185],
  [1186, 'interval', 'interval', 1187],
  [1266, 'timetz', 'timetz', 1270],
  [1560, 'bit', 'other', 1561],
  [1562, 'varbit', 'other', 1563],
  [1700, 'numeric', 'decimal', 1231],
  [1790, 'refcursor', 'other', 2201],
  [2202, 'regprocedure', 'other', 2207],
  [2203, 'regoper', 'other', 2208],
  [2204, 'regoperator', 'other', 2209],
  [2205, 'regclass', 'other', 2210],
  [2206, 'regtype', 'other', 2211],
  [2249, 'record', 'other', 2287],
  [2275, 'cstring', 'text', 1263],
  [2278, 'void', 'other', 0],
  [2950, 'uuid', 'uuid', 2951],
  [2970, 'txid_snapshot', 'other', 2949],
  [3220, 'pg_lsn', 'other', 3221],
  [3614, 'tsvector', 'other', 3643],
  [3615, 'tsquery', 'other', 3645],
  [3642, 'gtsvector', 'other', 3644],
  [3734, 'regconfig', 'other', 3735],
  [3769, 'regdictionary', 'other', 3770],
  [3802, 'jsonb', 'json', 3807],
  [3904, 'int4range', 'other', 3905],
  [3906, 'numrange', 'other', 3907],
  [3908, 'tsrange', 'other', 3909],
  [3910, 'tstzrange', 'other', 3911],
  [3912, 'daterange', 'other', 3913],
  [3926, 'int8range', 'other', 3927],
  [4072, 'jsonpath', 'other', 4073],
  [4089, 'regnamespace', 'other', 4090],
  [4096, 'regrole', 'other', 4097],
  [4191, 'regcollation', 'other', 4192],
  [4451, 'int4multirange', 'other', 6150],
  [4532, 'nummultirange', 'other', 6151],
  [4533, 'tsmultirange', 'other', 6152],
  [4534, 'tstzmultirange', 'other', 6153],
  [4535, 'datemultirange', 'other', 6155],
  [4536, 'int8multirange', 'other', 6157],
  [5038, 'pg_snapshot', 'other', 5039],
  [5069, 'xid8', 'bigint', 271],
];

/** A type of the server as far as reading its text form goes. */
export interface PgType {
  readonly oid: number;
  /** As in pg_type: `int8`, `numeric`; the element's name with `[]` for arrays. */
  readonly name: string;
  readonly type: CanonicalType;
  /** The element of an array, and the sign between elements (`;` for box only). */
  readonly element?: PgType;
  readonly delimiter?: string;
}

/** The array type of an element. */
export function arrayOf(oid: number, element: PgType, delimiter = ','): PgType {
  return { oid, name: `${element.name}[]`, type: 'array', element, delimiter };
}

export const builtinTypes: ReadonlyMap<number, PgType> = new Map(
  rows.flatMap(([oid, name, type, arrayOid]) => {
    const element: PgType = { oid, name, type };
    return arrayOid === 0
      ? [[oid, element] as const]
      : [
          [oid, element] as const,
          [arrayOid, arrayOf(arrayOid, element, name === 'box' ? ';' : ',')] as const,
        ];
  }),
);
