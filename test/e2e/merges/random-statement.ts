import type { Choices } from '../../policy/generator/choices';

export type MergeEngine = 'mariadb' | 'postgresql';

/** A statement over the table `item`, and how its answers may be compared. */
export interface RandomStatement {
  readonly text: string;
  /** Its order leaves no choice. */
  readonly ordered: boolean;
  /** Of texts that are equal to the engine it may give any. */
  readonly anyOfEqual: boolean;
}

const columns = ['id', 'n', 'big', 'amount', 'name', 'code', 'd', 'ts', 'flag', 'f', 'bytes'] as const;
const keys = ['n', 'flag', 'code', 'name', 'd', 'amount', 'big', 'bytes'] as const;
const conditions = [
  'n > 2',
  'amount IS NOT NULL',
  "name <> 'a'",
  'flag',
  'id BETWEEN 5 AND 40',
  'n = 1 OR f < 0',
  'id < 0',
  "d > '2024-03-01'",
] as const;

/** Simple statements of the kinds that merge, and some that do not. */
export function randomStatement(choices: Choices, engine: MergeEngine): RandomStatement {
  const kind = choices.pick([rows, groups, rows, distinct, total]);
  return kind(choices, engine);
}

const column = (choices: Choices): string => choices.pick(columns);
const where = (choices: Choices): string => (choices.chance(40) ? ` WHERE ${choices.pick(conditions)}` : '');
const list = <T>(choices: Choices, most: number, make: () => T): T[] =>
  Array.from({ length: 1 + choices.number(most) }, make);

function direction(choices: Choices, engine: MergeEngine): string {
  const nulls =
    engine === 'postgresql' && choices.chance(30) ? ` NULLS ${choices.pick(['FIRST', 'LAST'])}` : '';
  return choices.pick(['', ' DESC', ' ASC']) + nulls;
}

function limit(choices: Choices, engine: MergeEngine): string {
  if (!choices.chance(50)) return '';
  const [count, offset] = [choices.number(12), choices.number(8)];
  if (!choices.chance(50)) return ` LIMIT ${count}`;
  return engine === 'mariadb' && choices.chance(40)
    ? ` LIMIT ${offset}, ${count}`
    : ` LIMIT ${count} OFFSET ${offset}`;
}

function item(choices: Choices): string {
  const one = choices.pick([
    column(choices),
    column(choices),
    'lower(name)',
    'n + 1',
    'coalesce(n, 7)',
    'amount * 2',
    `i.${column(choices)}`,
  ]);
  return choices.chance(30) ? `${one} AS x${choices.number(100)}` : one;
}

function rows(choices: Choices, engine: MergeEngine): RandomStatement {
  const items = choices.chance(15) ? ['*'] : list(choices, 4, () => item(choices));
  const ordered = choices.chance(70);
  const order = list(choices, 2, () => {
    const key = choices.pick([
      column(choices),
      `i.${column(choices)}`,
      'n + id',
      column(choices),
      'lower(code)',
    ]);
    const collate =
      key === 'code' && choices.chance(30)
        ? engine === 'mariadb'
          ? ' COLLATE utf8mb4_general_ci'
          : ' COLLATE "C"'
        : '';
    return key + collate + direction(choices, engine);
  });
  const tail = ordered ? ` ORDER BY ${[...order, 'i.id'].join(', ')}${limit(choices, engine)}` : '';
  return {
    text: `SELECT ${items.join(', ')} FROM item AS i${where(choices)}${tail}`,
    ordered,
    anyOfEqual: false,
  };
}

function distinct(choices: Choices, engine: MergeEngine): RandomStatement {
  const items = [...new Set(list(choices, 3, () => choices.pick(keys)))];
  const ordered = choices.chance(60);
  const order = items.map((one) => one + direction(choices, engine)).join(', ');
  const tail = ordered ? ` ORDER BY ${order}${limit(choices, engine)}` : '';
  return {
    text: `SELECT DISTINCT ${items.join(', ')} FROM item${where(choices)}${tail}`,
    ordered,
    anyOfEqual: true,
  };
}

const aggregate = (choices: Choices): string =>
  choices.pick([
    'count(*)',
    `count(${column(choices)})`,
    `sum(${choices.pick(['n', 'big', 'amount', 'n + id'])})`,
    `avg(${choices.pick(['n', 'big', 'amount', 'id', 'n * amount'])})`,
    `min(${column(choices)})`,
    `max(${column(choices)})`,
    choices.pick(['sum(f)', 'avg(f)', 'count(DISTINCT n)']),
  ]);

function groups(choices: Choices, engine: MergeEngine): RandomStatement {
  const by = [...new Set(list(choices, 2, () => choices.pick([...keys, 'lower(name)', 'n + 1'] as const)))];
  const shown = by.filter(() => choices.chance(80));
  const aggregates = list(choices, 3, () => aggregate(choices)).map((one, index) => `${one} AS a${index}`);
  const first = choices.chance(30) ? [`a0${direction(choices, engine)}`] : [];
  const ordered = choices.chance(60);
  const order = [...first, ...by.map((one) => one + direction(choices, engine))].join(', ');
  const tail = ordered ? ` ORDER BY ${order}${limit(choices, engine)}` : '';
  return {
    text: `SELECT ${[...shown, ...aggregates].join(', ')} FROM item${where(choices)} GROUP BY ${by.join(', ')}${tail}`,
    ordered,
    anyOfEqual: true,
  };
}

function total(choices: Choices): RandomStatement {
  const aggregates = list(choices, 4, () => aggregate(choices));
  return {
    text: `SELECT ${aggregates.join(', ')} FROM item${where(choices)}`,
    ordered: true,
    anyOfEqual: true,
  };
}
