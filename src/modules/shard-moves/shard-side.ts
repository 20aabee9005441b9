import type { Row } from '../../drivers/cell';
import type { QueryRequest, Source } from '../../drivers/driver';
import type { Bind, MoveDialect } from './dialects/move-dialect';
import type { MoveColumn, MoveRange, MoveTable } from './move-table';

/** Rows of a table, counted and added up so that their order does not matter. */
export interface Checksum {
  readonly count: number;
  /** Sums of two parts of each row's SHA-256, as decimal digits. */
  readonly sums: readonly [string, string];
}

/** A row as it is compared. */
export interface RowDigest {
  /** Of the primary key. */
  readonly id: string;
  readonly row: string;
  /** Values of the primary key, as `MoveDialect.bind` takes them. */
  readonly key: Row;
}

const STATEMENT_TIMEOUT_MS = 60_000;
const READ_AT_ONCE = 1_000;
/** Most parameters of one statement on either engine, less some for the range. */
const MAX_PARAMETERS = 60_000;
const DELETE_AT_ONCE = 1_000;

/** One of the two shards of a move, and what a move does there: always within the range of its keys. */
export class ShardSide {
  constructor(
    private readonly source: Pick<Source, 'query'>,
    private readonly dialect: MoveDialect,
    private readonly range: MoveRange,
    private readonly signal: AbortSignal,
  ) {}

  /** The same shard for a while. */
  until(signal: AbortSignal): ShardSide {
    return new ShardSide(this.source, this.dialect, this.range, AbortSignal.any([this.signal, signal]));
  }

  /** Rows behind `after` by key and primary key, in the order of the columns of the table. */
  async batch(table: MoveTable, after: Row | null, limit: number): Promise<Row[]> {
    const order = orderOf(table);
    return this.read((bind) => {
      const conditions = [this.inRange(table, bind)];
      if (after) conditions.push(this.dialect.after(order, after, bind));
      return `SELECT ${this.readAll(table.columns)} FROM ${this.dialect.table(table)} WHERE ${conditions.join(' AND ')}
        ORDER BY ${order.map(({ name }) => this.dialect.quote(name)).join(', ')} LIMIT ${limit}`;
    });
  }

  /** Whether the shard has any row of the range. */
  async hasRows(table: MoveTable): Promise<boolean> {
    const rows = await this.read(
      (bind) => `SELECT 1 FROM ${this.dialect.table(table)} WHERE ${this.inRange(table, bind)} LIMIT 1`,
    );
    return rows.length > 0;
  }

  /** Checksums of the table in `parts` parts by the primary key; parts without rows are not there. */
  async checksums(table: MoveTable, parts: number): Promise<ReadonlyMap<number, Checksum>> {
    const { dialect } = this;
    const rows = await this.read(
      (
        bind,
      ) => `SELECT part, ${dialect.text('count(*)')}, ${dialect.text('sum(one)')}, ${dialect.text('sum(two)')}
        FROM (SELECT ${dialect.number('id', 0, 8)} % ${parts} AS part, ${dialect.number('digest', 0, 15)} AS one,
            ${dialect.number('digest', 15, 15)} AS two
          FROM (SELECT ${dialect.digest(table.primaryKey)} AS id, ${dialect.digest(table.columns)} AS digest
            FROM ${dialect.table(table)} WHERE ${this.inRange(table, bind)}) AS digests) AS numbers
        GROUP BY part`,
    );
    return new Map(
      rows.map(([part, count, one, two]) => [
        Number(part),
        { count: Number(count), sums: [one as string, two as string] },
      ]),
    );
  }

  /** Digests of the rows of some parts, by the digest of their primary key. */
  async digests(
    table: MoveTable,
    parts: number,
    wanted: readonly number[],
  ): Promise<ReadonlyMap<string, RowDigest>> {
    const { dialect } = this;
    const id = dialect.digest(table.primaryKey);
    const rows = await this.read(
      (
        bind,
      ) => `SELECT ${id} AS id, ${dialect.digest(table.columns)} AS digest, ${this.readAll(table.primaryKey)}
        FROM ${dialect.table(table)} WHERE ${this.inRange(table, bind)}
          AND ${dialect.number(id, 0, 8)} % ${parts} IN (${wanted.join(', ')})`,
    );
    return new Map(
      rows.map(([id, row, ...key]) => [id as string, { id: id as string, row: row as string, key }]),
    );
  }

  /** The rows of these primary keys that are still there. */
  async rows(table: MoveTable, digests: readonly RowDigest[]): Promise<Row[]> {
    return this.read(
      (bind) =>
        `SELECT ${this.readAll(table.columns)} FROM ${this.dialect.table(table)} WHERE ${this.these(table, digests, bind)}`,
    );
  }

  /**
   * Leaves alone what is there already, also where it is a row of another key.
   * @returns how many of them were not there
   */
  async insert(table: MoveTable, rows: readonly Row[]): Promise<number> {
    if (rows.length === 0) return 0;
    return this.write((bind) =>
      this.dialect.insert(
        table,
        rows.map(
          (row) =>
            `(${table.columns.map((column, index) => this.dialect.bind(column, bind(row[index]))).join(', ')})`,
        ),
      ),
    );
  }

  /** Changes a row of the range; nothing, where the row belongs to another key. */
  async update(table: MoveTable, digest: RowDigest, row: Row): Promise<void> {
    await this.write((bind) => {
      const set = table.columns.map(
        (column, index) =>
          `${this.dialect.quote(column.name)} = ${this.dialect.bind(column, bind(row[index]))}`,
      );
      return `UPDATE ${this.dialect.table(table)} SET ${set.join(', ')} WHERE ${this.these(table, [digest], bind)}`;
    });
  }

  async delete(table: MoveTable, digests: readonly RowDigest[]): Promise<void> {
    if (digests.length === 0) return;
    await this.write(
      (bind) => `DELETE FROM ${this.dialect.table(table)} WHERE ${this.these(table, digests, bind)}`,
    );
  }

  /** @returns how many rows of the range were deleted; 0 when none is left */
  async deleteSome(table: MoveTable): Promise<number> {
    return this.write((bind) => this.dialect.deleteSome(table, this.inRange(table, bind), DELETE_AT_ONCE));
  }

  /** How many rows of a table one statement takes. */
  static rowsAtOnce({ columns }: MoveTable, most: number): number {
    return Math.max(1, Math.min(most, Math.floor(MAX_PARAMETERS / columns.length)));
  }

  /** By the bytes of the primary key, too: what only the collation takes for the same row is another. */
  private these(table: MoveTable, digests: readonly RowDigest[], bind: Bind): string {
    const { dialect } = this;
    const range = this.inRange(table, bind);
    const keys = digests.map(({ key }) => {
      const parts = table.primaryKey.map(
        (column, index) => `${dialect.quote(column.name)} = ${dialect.bind(column, bind(key[index]))}`,
      );
      return `(${parts.join(' AND ')})`;
    });
    const ids = digests.map(({ id }) => bind(id)).join(', ');
    return `${range} AND (${keys.join(' OR ')}) AND ${dialect.digest(table.primaryKey)} IN (${ids})`;
  }

  private inRange(table: MoveTable, bind: Bind): string {
    return this.dialect.inRange(table, this.range, bind);
  }

  private readAll(columns: readonly MoveColumn[]): string {
    return columns.map((column) => this.dialect.read(column)).join(', ');
  }

  private async read(write: (bind: Bind) => string): Promise<Row[]> {
    await using cursor = await this.source.query(this.request(write), this.signal);
    const rows: Row[] = [];
    for (;;) {
      const more = await cursor.read(READ_AT_ONCE);
      for (const row of more) rows.push(row);
      if (more.length < READ_AT_ONCE) return rows;
    }
  }

  private async write(write: (bind: Bind) => string): Promise<number> {
    await using cursor = await this.source.query(this.request(write), this.signal);
    await cursor.read(1);
    return cursor.affectedRows ?? 0;
  }

  /** Reads, too, are sent as writes are: no read replica, which may be behind, must answer them. */
  private request(write: (bind: Bind) => string): QueryRequest {
    const values: unknown[] = [];
    const bind: Bind = (value) => {
      values.push(value);
      return this.dialect.placeholder(values.length);
    };
    return { text: write(bind), values, access: 'write', timeoutMs: STATEMENT_TIMEOUT_MS };
  }
}

/** In which the batches of a table come: by the key, then by what makes a row one. */
function orderOf({ key, primaryKey }: MoveTable): MoveColumn[] {
  return [key, ...primaryKey.filter(({ name }) => name !== key.name)];
}

/** Where the batch behind this row begins. */
export function placeOf(table: MoveTable, row: Row): Row {
  return orderOf(table).map(({ name }) => row[table.columns.findIndex((one) => one.name === name)] ?? null);
}
