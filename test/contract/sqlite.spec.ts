import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { sqliteDriver } from '../../src/drivers/sqlite/sqlite-driver';
import { driverContract } from './driver-contract';

/** The children that hold databases, as the operating system lists them. */
function childrenOfOurs(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return status.includes(`PPid:\t${process.pid}\n`) && command.includes('drivers/sqlite/child/main');
      } catch {
        return false;
      }
    });
}

function isRunning(pid: number): boolean {
  try {
    return /^State:\tR/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const forever = 'with recursive n(i) as (select 1 union all select i + 1 from n)';

driverContract({
  name: 'sqlite',
  load: () => Promise.resolve(sqliteDriver),
  async start() {
    const dir = await mkdtemp(path.join(tmpdir(), 'sluice-sqlite-'));
    const file = path.join(dir, 'contract.db');
    const db = new DatabaseSync(file);
    db.exec(`
      create table written(n integer);
      create table parent(id integer primary key);
      create table known(
        id integer primary key,
        name varchar(20) not null default 'x',
        price decimal(10,2),
        data blob,
        parent_id integer references parent(id),
        unique (name)
      );
      create index known_price on known(price);
      insert into known(id, name) values (1, 'secret-name');
      create view named as select id, upper(name) as shown from known;
      create table computed(a text primary key, b integer generated always as (length(a)) stored, "rowid" text);
      create virtual table found using fts5(name, content='known', content_rowid='id');
      create virtual table terms using fts5vocab(found, row);
      create table changing (a integer, b text);
    `);
    db.close();
    await writeFile(path.join(dir, 'text.db'), 'this is certainly no database, only text '.repeat(100));
    return {
      input: { database: file },
      // a process that steps through rows is running, one that waits for its next message is asleep
      running: () => Promise.resolve(childrenOfOurs().filter(isRunning).length),
      killSessions: async () => {
        for (const pid of childrenOfOurs()) process.kill(pid, 'SIGKILL');
        while (childrenOfOurs().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      },
      stop: () => rm(dir, { recursive: true, force: true }),
    };
  },
  secret: null,
  series: (count) => ({
    text: `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count}) select i from n`,
  }),
  slow: (marker) => ({ text: `${forever} select count(*) /* ${marker} */ from n` }),
  endless: (marker) => ({ text: `${forever} select i, '${marker}' from n` }),
  exact: [
    {
      name: 'one value of each storage class',
      statement: { text: "select 9007199254740993 as i, 1.5 as r, 'é' as t, x'00ff' as b, null as n" },
      columns: [
        { name: 'i', type: 'bigint', nativeType: '' },
        { name: 'r', type: 'float', nativeType: '' },
        { name: 't', type: 'text', nativeType: '' },
        { name: 'b', type: 'bytes', nativeType: '' },
        { name: 'n', type: 'mixed', nativeType: '' },
      ],
      rows: [['9007199254740993', 1.5, 'é', 'AP8=', null]],
    },
  ],
  parameters: {
    statement: { text: 'select ?, ?2, typeof(?1)', values: [7, 'text'] },
    rows: [[7, 'text', 'integer']],
  },
  empty: { statement: { text: 'select id, name from known where id < 0' }, columns: ['id', 'name'] },
  duplicates: { statement: { text: "select 1 as a, 'two' as a" }, names: ['a', 'a'], row: [1, 'two'] },
  failing: [
    { name: 'a syntax error', statement: { text: 'selec 1' }, code: 'query.syntax' },
    { name: 'an incomplete statement', statement: { text: 'select' }, code: 'query.syntax' },
    { name: 'an unknown table', statement: { text: 'select * from nowhere' }, code: 'query.unknown_object' },
    {
      name: 'an unknown column',
      statement: { text: 'select missing from known' },
      code: 'query.unknown_object',
    },
    { name: 'an unknown function', statement: { text: 'select missing()' }, code: 'query.unknown_object' },
    {
      name: 'a function that refuses a value',
      statement: { text: "select json_extract(name, '$') from known" },
      code: 'query.invalid_value',
      hidden: 'secret-name',
    },
    { name: 'an empty text', statement: { text: ' -- nothing' }, code: 'query.empty' },
    { name: 'a NUL in the text', statement: { text: 'select 1\0' }, code: 'query.invalid_text' },
    { name: 'half a surrogate pair', statement: { text: "select '\ud800'" }, code: 'query.invalid_text' },
    { name: 'a missing parameter', statement: { text: 'select ?' }, code: 'query.invalid_parameter' },
    {
      name: 'a parameter too many',
      statement: { text: 'select 1', values: [1] },
      code: 'query.invalid_parameter',
    },
    {
      name: 'an object as parameter',
      statement: { text: 'select ?', values: [{}] },
      code: 'query.invalid_parameter',
    },
    {
      name: 'a parameter with a name',
      statement: { text: 'select :a', values: [1] },
      code: 'query.invalid_parameter',
    },
  ],
  writes: [
    { text: 'insert into written values (1)' },
    { text: 'delete from known' },
    { text: 'update known set name = 1 returning id' },
    { text: 'with x as (select 1) insert into written select * from x' },
    { text: 'explain insert into written values (1)' },
    { text: 'create table t(a)' },
    { text: 'drop table known' },
    { text: 'pragma user_version = 3' },
    { text: 'vacuum' },
    { text: 'begin immediate' },
    { text: 'create temp table t(a)' },
  ],
  write: {
    statement: { text: 'insert into written values (1), (2), (3)' },
    affected: 3,
    written: { text: 'select count(*) from written' },
  },
  multiple: [
    { text: 'select 1; delete from written' },
    { text: 'insert into written values (9); delete from written' },
  ],
  wrong: [
    {
      name: 'a file that does not exist',
      input: ({ database }) => ({ database: `${database}.missing` }),
      code: 'connection.file_unusable',
    },
    {
      name: 'a folder',
      input: ({ database }) => ({ database: path.dirname(database ?? '') }),
      code: 'connection.file_unusable',
    },
    {
      name: 'a file that is no database',
      input: ({ database }) => ({ database: path.join(path.dirname(database ?? ''), 'text.db') }),
      code: 'connection.file_unusable',
    },
    { name: 'a device', input: () => ({ database: '/dev/zero' }), code: 'connection.file_unusable' },
    { name: 'a relative path', input: () => ({ database: 'x.db' }), code: 'connection.address_denied' },
  ],
  invalid: [
    { input: {}, paths: ['/database'] },
    { input: { database: ':memory:' }, paths: ['/database'] },
    { input: { database: 'file:x?mode=rwc' }, paths: ['/database'] },
    { input: { database: 'a\0b' }, paths: ['/database'] },
    {
      input: { database: '/x', host: 'h', password: 'p', options: { busyTimeoutMs: -1, vfs: 'x' } },
      paths: ['/host', '/password', '/options/busyTimeoutMs', '/options/vfs'],
    },
  ],
  described: [
    {
      schema: null,
      name: 'known',
      kind: 'table',
      columns: [
        { name: 'id', type: 'INTEGER', textual: false, visible: true },
        { name: 'name', type: 'varchar(20)', textual: true, visible: true },
        { name: 'price', type: 'decimal(10,2)', textual: false, visible: true },
        { name: 'data', type: 'BLOB', textual: false, visible: true },
        { name: 'parent_id', type: 'INTEGER', textual: false, visible: true },
      ],
      primaryKey: ['id'],
      definition: null,
      ancestors: [],
      descendants: [],
    },
    {
      schema: null,
      name: 'named',
      kind: 'view',
      columns: [
        { name: 'id', type: 'INTEGER', textual: false, visible: true },
        { name: 'shown', type: 'BLOB', textual: false, visible: true },
      ],
      primaryKey: [],
      definition: 'select id, upper(name) as shown from known',
      ancestors: [],
      descendants: [],
    },
    {
      schema: null,
      name: 'computed',
      kind: 'table',
      columns: [
        { name: 'a', type: 'TEXT', textual: true, visible: true },
        { name: 'b', type: 'INTEGER', textual: false, visible: true, generated: true, computedFrom: ['a'] },
        { name: 'rowid', type: 'TEXT', textual: true, visible: true },
        { name: '_rowid_', type: 'INTEGER', textual: false, visible: false },
      ],
      primaryKey: ['a'],
      definition: null,
      ancestors: [],
      descendants: [],
    },
    {
      schema: null,
      name: 'terms',
      kind: 'table',
      columns: [
        { name: 'term', type: 'BLOB', textual: false, visible: true },
        { name: 'doc', type: 'BLOB', textual: false, visible: true },
        { name: 'cnt', type: 'BLOB', textual: false, visible: true },
      ],
      primaryKey: [],
      definition: null,
      ancestors: [
        { schema: null, name: 'found' },
        { schema: null, name: 'known' },
      ],
      descendants: [],
    },
    {
      schema: null,
      name: 'found_data',
      kind: 'table',
      columns: [
        { name: 'id', type: 'INTEGER', textual: false, visible: true },
        { name: 'block', type: 'BLOB', textual: false, visible: true },
      ],
      primaryKey: ['id'],
      definition: null,
      ancestors: [
        { schema: null, name: 'found' },
        { schema: null, name: 'known' },
      ],
      descendants: [],
    },
  ],
  changing: {
    relation: { schema: null, name: 'changing' },
    reads: { text: 'select a from changing' },
    changes: [
      { text: 'alter table changing add column c text' },
      { text: 'create index changing_a on changing (a)' },
    ],
  },
  procedure: { refused: 'SQLite has no stored procedures' },

  table: {
    schema: null,
    name: 'known',
    kind: 'table',
    comment: null,
    columns: [
      {
        name: 'id',
        type: 'integer',
        nativeType: 'INTEGER',
        nullable: false,
        defaultExpression: null,
        primaryKey: true,
        comment: null,
      },
      {
        name: 'name',
        type: 'text',
        nativeType: 'varchar(20)',
        nullable: false,
        defaultExpression: "'x'",
        primaryKey: false,
        comment: null,
      },
      {
        name: 'price',
        type: 'decimal',
        nativeType: 'decimal(10,2)',
        nullable: true,
        defaultExpression: null,
        primaryKey: false,
        comment: null,
      },
      {
        name: 'data',
        type: 'bytes',
        nativeType: 'BLOB',
        nullable: true,
        defaultExpression: null,
        primaryKey: false,
        comment: null,
      },
      {
        name: 'parent_id',
        type: 'integer',
        nativeType: 'INTEGER',
        nullable: true,
        defaultExpression: null,
        primaryKey: false,
        comment: null,
      },
    ],
    indexes: [
      { name: 'known_price', columns: ['price'], unique: false },
      { name: 'sqlite_autoindex_known_1', columns: ['name'], unique: true },
    ],
    foreignKeys: [
      {
        name: 'fk_known_0',
        columns: ['parent_id'],
        referencedSchema: null,
        referencedTable: 'parent',
        referencedColumns: ['id'],
      },
    ],
  },
});
