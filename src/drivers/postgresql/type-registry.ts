import type { FieldDef } from 'pg';
import type { CanonicalType, Column } from '../cell';
import { arrayOf, builtinTypes, type PgType } from './builtin-types';
import { nativeType } from './native-type';

/** A row of pg_type about a type that is not built in. */
export interface TypeRow {
  readonly oid: number;
  readonly name: string;
  /** typtype: `e` enum, `d` domain, `b` base, `c` composite, `r` and `m` range and multirange. */
  readonly kind: string;
  /** typcategory: `S` for string types, as citext. */
  readonly category: string;
  readonly base: number;
  readonly element: number;
  readonly delimiter: string;
  readonly array: boolean;
}

/** Reads the rows of types, their elements and their domains' bases. */
export type LookUpTypes = (oids: readonly number[]) => Promise<readonly TypeRow[]>;

/** The types of one server: the built-in ones, and those of the database as results show them. */
export class TypeRegistry {
  readonly #known = new Map<number, PgType>();

  constructor(private readonly lookUp: LookUpTypes) {}

  async resolve(fields: readonly FieldDef[]): Promise<readonly PgType[]> {
    const unknown = fields.map((field) => field.dataTypeID).filter((oid) => this.#find(oid) === undefined);
    if (unknown.length > 0) this.#learn(await this.lookUp([...new Set(unknown)]));
    // a type made in a transaction that is not committed cannot be looked up
    return fields.map(
      ({ dataTypeID: oid }) => this.#find(oid) ?? { oid, name: `type ${oid}`, type: 'other' as const },
    );
  }

  /** Whether `resolve` gives what it would give at any later time. */
  knows(fields: readonly FieldDef[]): boolean {
    return fields.every(({ dataTypeID }) => this.#find(dataTypeID) !== undefined);
  }

  #find(oid: number): PgType | undefined {
    return builtinTypes.get(oid) ?? this.#known.get(oid);
  }

  #learn(rows: readonly TypeRow[]): void {
    const byOid = new Map(rows.map((row) => [row.oid, row]));
    const learn = (oid: number): PgType | undefined => {
      const known = this.#find(oid);
      const row = byOid.get(oid);
      if (known || !row) return known;
      // a type cannot hold itself, but the rows come from elsewhere
      byOid.delete(oid);
      const type = this.#typeOf(row, learn);
      this.#known.set(oid, type);
      return type;
    };
    for (const row of rows) learn(row.oid);
  }

  #typeOf(row: TypeRow, learn: (oid: number) => PgType | undefined): PgType {
    if (row.array) {
      const element = learn(row.element);
      if (element) return arrayOf(row.oid, element, row.delimiter);
    }
    if (row.kind === 'd') {
      const base = learn(row.base);
      if (base) return { ...base, oid: row.oid, name: row.name };
    }
    return { oid: row.oid, name: row.name, type: canonicalOf(row) };
  }
}

function canonicalOf(row: TypeRow): CanonicalType {
  return row.kind === 'e' || (row.kind === 'b' && row.category === 'S') ? 'text' : 'other';
}

export function describeColumn(field: FieldDef, type: PgType): Column {
  return {
    name: field.name,
    type: type.type,
    ...(type.element ? { elementType: type.element.type } : {}),
    nativeType: nativeType(type, field.dataTypeModifier),
  };
}

/** OIDs are spelt out in the text because the statement is run by pg's own query, before any type is known. */
export function typeLookUp(oids: readonly number[]): string {
  return `
    with recursive wanted (oid) as (
      select t.oid from pg_catalog.pg_type t where t.oid in (${oids.map(Number).join(',')})
      union
      select case t.typtype when 'd' then t.typbasetype else t.typelem end
      from wanted join pg_catalog.pg_type t on t.oid = wanted.oid
      where t.typtype = 'd' or t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc
    )
    select t.oid::int8::text as oid, t.typname::text as name, t.typtype::text as kind, t.typcategory::text as category,
           t.typbasetype::int8::text as base, t.typelem::int8::text as element, t.typdelim::text as delimiter,
           (t.typoutput = 'pg_catalog.array_out'::pg_catalog.regproc) as array
    from wanted join pg_catalog.pg_type t on t.oid = wanted.oid`;
}
