export interface Scenario {
  readonly name: string;
  readonly query: string;
  /** The one key, or the last of the keys from 1. */
  readonly params: readonly [number];
  readonly rows: number;
  readonly clients: readonly number[];
}

export const COLUMNS: readonly string[] = ['id', 'name', 'email', 'amount', 'created_at', 'active'];

const upTo = `SELECT ${COLUMNS.join(', ')} FROM items WHERE id <= $1`;

export const scenarios: readonly Scenario[] = [
  {
    name: 'point',
    query: `SELECT ${COLUMNS.join(', ')} FROM items WHERE id = $1`,
    params: [4711],
    rows: 1,
    clients: [1, 16, 64],
  },
  { name: '100 rows', query: upTo, params: [100], rows: 100, clients: [1, 16, 64] },
  { name: '10,000 rows', query: upTo, params: [10_000], rows: 10_000, clients: [1, 16] },
];
