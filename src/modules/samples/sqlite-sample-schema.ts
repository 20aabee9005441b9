import { shopTables, shopView, type Column, type ColumnKind } from './shop-tables';

const types: Readonly<Record<ColumnKind, string>> = {
  id: 'INTEGER PRIMARY KEY',
  integer: 'INTEGER',
  text: 'TEXT',
  money: 'NUMERIC(12,2)',
  boolean: 'BOOLEAN',
  date: 'DATE',
  time: 'DATETIME',
  json: 'JSON',
};

/** The statements that make the tables. SQLite keeps the text of CREATE TABLE, and with it the comments. */
export function sqliteSampleSchema(): string {
  const tables = shopTables.map(({ name, comment, columns, primaryKey, indexes }) => {
    const lines = [
      ...columns.map((column) => ({ text: columnOf(column), comment: column.comment })),
      ...(primaryKey ? [{ text: `PRIMARY KEY (${primaryKey.join(', ')})`, comment: '' }] : []),
    ];
    const body = lines.map(({ text, comment: about }, index) => {
      const comma = index === lines.length - 1 ? '' : ',';
      return `  ${text}${comma}${about === '' ? '' : ` -- ${about}`}`;
    });
    return [
      `CREATE TABLE ${name} ( -- ${comment}\n${body.join('\n')}\n);`,
      ...indexes.map((on) => `CREATE INDEX ${name}_${on.join('_')} ON ${name} (${on.join(', ')});`),
    ].join('\n');
  });
  return [...tables, `CREATE VIEW ${shopView.name} AS\n${shopView.select('')};`].join('\n');
}

function columnOf(column: Column): string {
  return [
    `${column.name} ${types[column.kind]}`,
    column.nullable ? '' : 'NOT NULL',
    column.unique ? 'UNIQUE' : '',
    column.references ? `REFERENCES ${column.references} (id)` : '',
    column.check ? `CHECK (${column.check})` : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}
