import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { driverFor } from '../../src/drivers';
import { RawJson } from '../../src/drivers/cell';
import { describeEngine, freshMariadbDatabase } from '../servers/servers';
import { driverContract } from './driver-contract';
import type { DriverFixture } from './fixture';

const secret = 'canary-4b7e"\'\\pw';

/** 10^8 rows out of nothing; a recursive CTE would be collected first. */
const digits = '(select 0 d union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6 union all select 7 union all select 8 union all select 9)'; // prettier-ignore

/** A database whose name the descriptions can say before the server has been asked. */
const described = `described_${process.pid}`;

const fixture: DriverFixture = {
  name: 'mariadb',
  secret,
  load: () => driverFor('mariadb'),

  async start() {
    const database = await freshMariadbDatabase();
    const admin = await createConnection({ uri: database.url, multipleStatements: true });
    const username = `w_${database.database.slice(-12)}`;
    await admin.query(
      `
      create user '${username}'@'%' identified by ?;
      grant all privileges on ${database.database}.* to '${username}'@'%';
      create table customers (id int primary key);
      create table orders (
        id bigint unsigned not null auto_increment primary key,
        customer_id int not null,
        total decimal(10,2) default 0.00,
        note varchar(20) comment 'a remark',
        created timestamp(3) null,
        constraint orders_customer foreign key (customer_id) references customers (id),
        unique key orders_note (note, customer_id)
      ) comment 'what was ordered';
      create table written (n int primary key);
      create or replace database ${described};
      grant all privileges on ${described}.* to '${username}'@'%';
      create table ${described}.receipts (
        total decimal(10,2) default 0.00, note varchar(20), hidden int invisible default 1, extra json, raw varbinary(3),
        size enum('s', 'm'), line int not null, id bigint unsigned not null, primary key (id, line)
      );
      create view ${described}.noted (id, remark) as select id, note from ${described}.receipts o where note <> 'it''s';
      create table ${described}.changing (a int, b varchar(10));
      create view ${described}.shifting as select a from ${described}.changing;
      insert into written values (1);
      create procedure ${described}.tally(size int, inout step int, out total int) begin
        set step = step + 1; set total = size * 2 + 1; select 1 as n union all select 2 union all select 3; end`,
      [secret],
    );
    return {
      input: {
        host: database.host,
        port: database.port,
        database: database.database,
        username,
        password: secret,
        ssl: false,
      },
      async running(marker) {
        const [rows] = await admin.query<RowDataPacket[]>(
          `select count(*) as n from information_schema.processlist
           where user = ? and command in ('Query', 'Execute') and info like concat('%', ?, '%')`,
          [username, marker],
        );
        return Number(rows[0]?.['n']);
      },
      async killSessions() {
        const [rows] = await admin.query<RowDataPacket[]>(
          'select id from information_schema.processlist where user = ?',
          [username],
        );
        for (const { id } of rows) await admin.query(`kill connection ${Number(id)}`).catch(() => undefined);
      },
      async stop() {
        await admin.query(`drop database ${described}`);
        await admin.query(`drop user '${username}'@'%'`);
        await admin.end();
        await database.drop();
      },
    };
  },

  series: (count) => ({ text: 'select seq from seq_1_to_1000000 where seq <= ?', values: [count] }),
  slow: (marker) => ({ text: `select /* ${marker} */ sleep(30)` }),
  endless: (marker) => ({
    text: `select /* ${marker} */ 1 as n, repeat('x', 200) as x from ${'abcdefgh'
      .split('')
      .map((name) => `${digits} ${name}`)
      .join(', ')}`,
  }),

  exact: [
    {
      name: 'one of each common type',
      statement: {
        text: `select 1 as a, cast(9007199254740993 as unsigned) as b, cast(1.1 as decimal(10,2)) as c, 1e-1 as d, 'x' as e,
               cast(null as date) as f, x'00ff' as g, json_object('k', 1.50) as h, timestamp'2026-01-31 10:00:00.500000' as i`,
      },
      columns: [
        { name: 'a', type: 'integer', nativeType: 'int' },
        { name: 'b', type: 'bigint', nativeType: 'bigint unsigned' },
        { name: 'c', type: 'decimal', nativeType: 'decimal(10,2)' },
        { name: 'd', type: 'float', nativeType: 'double' },
        { name: 'e', type: 'text', nativeType: 'varchar(1)' },
        { name: 'f', type: 'date', nativeType: 'date' },
        { name: 'g', type: 'bytes', nativeType: 'varbinary(2)' },
        { name: 'h', type: 'json', nativeType: 'json' },
        { name: 'i', type: 'timestamp', nativeType: 'datetime(6)' },
      ],
      rows: [
        [
          1,
          '9007199254740993',
          '1.10',
          0.1,
          'x',
          null,
          'AP8=',
          new RawJson('{"k": 1.50}'),
          '2026-01-31T10:00:00.500000',
        ],
      ],
    },
  ],
  parameters: {
    statement: {
      text: "select ? + 1 as a, ? as b, ? as c, cast(? as decimal(30,10)) as d, json_value(?, '$.a') as e, ? as f from seq_1_to_5 limit ?",
      values: [1, 'it\'s \\ "', true, '12345678901234567890.1', { a: 'b' }, null, 1],
    },
    rows: [['2', 'it\'s \\ "', 1, '12345678901234567890.1000000000', 'b', null]],
  },
  empty: { statement: { text: 'select id, note from orders where false' }, columns: ['id', 'note'] },
  duplicates: { statement: { text: 'select 1 as id, 2 as id' }, names: ['id', 'id'], row: [1, 2] },

  failing: [
    {
      name: 'a syntax error',
      statement: { text: 'select 1 frmo x y' },
      code: 'query.syntax',
      sqlState: '42000',
    },
    {
      name: 'an unknown table',
      statement: { text: 'select * from nowhere' },
      code: 'query.unknown_object',
      sqlState: '42S02',
    },
    {
      name: 'an unknown column',
      statement: { text: 'select nothing from written' },
      code: 'query.unknown_object',
      sqlState: '42S22',
    },
    {
      name: 'a value out of range',
      statement: { text: 'select 18446744073709551615 + 770077' },
      code: 'query.invalid_value',
      hidden: '770077',
    },
    { name: 'an empty text', statement: { text: ' -- nothing' }, code: 'query.empty' },
    { name: 'a missing parameter', statement: { text: 'select ?' }, code: 'query.invalid_parameter' },
    { name: 'a zero byte', statement: { text: 'select \0' }, code: 'query.invalid_text' },
  ],
  writes: [
    { text: 'insert into written values (500)' },
    { text: 'replace into written values (501)' },
    { text: 'create table made (a int)' },
    { text: 'begin not atomic commit; insert into written values (502); end' },
    { text: '/* a /* b */ begin not atomic commit; insert into written values (503); end' },
    { text: "execute immediate 'commit'" },
    { text: 'set statement max_statement_time = 0 for select 1' },
    { text: 'set session transaction read write' },
    { text: '-- x\n commit' },
    { text: '# x\n start transaction read write' },
    { text: 'load data local infile "/etc/passwd" into table written' },
    { text: 'call anything()' },
  ],
  write: {
    statement: {
      text: 'insert into written select m + seq from seq_1_to_3, (select max(n) m from written) x',
    },
    affected: 3,
    written: { text: 'select count(*) from written' },
  },
  multiple: [
    { text: 'select 1; insert into written values (600)' },
    { text: 'insert into written values (601); insert into written values (602)' },
  ],

  wrong: [
    {
      name: 'a wrong password',
      input: (input) => ({ ...input, password: 'wrong-canary' }),
      code: 'connection.auth_failed',
    },
    {
      name: 'an unknown account',
      input: (input) => ({ ...input, username: 'nobody_here' }),
      code: 'connection.auth_failed',
    },
    {
      name: 'a database that the account may not see',
      input: (input) => ({ ...input, database: 'nowhere' }),
      code: 'connection.privilege_missing',
    },
    {
      name: 'a port nothing listens on',
      input: (input) => ({ ...input, port: 1 }),
      code: 'connection.refused',
    },
    {
      name: 'an unknown host',
      input: (input) => ({ ...input, host: 'no-such-host.invalid' }),
      code: 'connection.host_not_found',
    },
    {
      name: 'TLS where the server has none',
      input: (input) => ({ ...input, ssl: { mode: 'require' } }),
      code: 'connection.tls_failed',
    },
  ],
  invalid: [
    { input: {}, paths: ['/database', '/host', '/username'] },
    {
      input: { connectionString: 'postgres://u:p@h/d', options: { flags: 'LOCAL_FILES' } },
      paths: ['/connectionString', '/database', '/host', '/options/flags', '/username'],
    },
    {
      input: { host: 'h', database: 'd', username: 'u', ssl: { ca: 'no pem', cert: '-----BEGIN X' } },
      paths: ['/ssl/ca', '/ssl/key'],
    },
  ],

  described: [
    {
      schema: described,
      name: 'receipts',
      kind: 'table',
      columns: [
        { name: 'total', type: 'decimal(10,2)', textual: false, visible: true },
        { name: 'note', type: 'varchar(20)', textual: true, visible: true },
        { name: 'hidden', type: 'int(11)', textual: false, visible: false },
        { name: 'extra', type: 'longtext', textual: true, visible: true },
        { name: 'raw', type: 'varbinary(3)', textual: false, visible: true },
        { name: 'size', type: "enum('s','m')", textual: true, visible: true },
        { name: 'line', type: 'int(11)', textual: false, visible: true },
        { name: 'id', type: 'bigint(20) unsigned', textual: false, visible: true },
      ],
      primaryKey: ['id', 'line'],
      definition: null,
      ancestors: [],
      descendants: [],
    },
    {
      schema: described,
      name: 'noted',
      kind: 'view',
      columns: [
        { name: 'id', type: 'bigint(20) unsigned', textual: false, visible: true },
        { name: 'remark', type: 'varchar(20)', textual: true, visible: true },
      ],
      primaryKey: [],
      definition:
        `select \`o\`.\`id\` AS \`id\`,\`o\`.\`note\` AS \`remark\` from \`${described}\`.\`receipts\` \`o\` ` +
        "where `o`.`note` <> 'it\\'s'",
      ancestors: [],
      descendants: [],
    },
  ],
  changing: {
    relation: { schema: described, name: 'shifting' },
    reads: { text: `select a from ${described}.shifting` },
    changes: [
      `create or replace view ${described}.shifting as select a + 1 as a from ${described}.changing`,
      `create or replace view ${described}.shifting as select a, b from ${described}.changing`,
      `create or replace sql security invoker view ${described}.shifting as select a, b from ${described}.changing`,
      `alter table ${described}.changing modify b varchar(20)`,
      `rename table ${described}.shifting to ${described}.was, ${described}.changing to ${described}.shifting`,
      `alter table ${described}.shifting add column d int`,
      `alter table ${described}.shifting rename column d to e`,
      `alter table ${described}.shifting modify e bigint`,
      `alter table ${described}.shifting modify e bigint invisible`,
      `alter table ${described}.shifting add primary key (a)`,
      `create or replace table ${described}.shifting (a int) comment 'made again'`,
    ].map((text) => ({ text })),
  },

  procedure: {
    request: { procedure: { schema: described, name: 'tally' }, arguments: [20, 1] },
    out: { step: 2, total: 41 },
    rows: [[1], [2], [3]],
  },

  table: {
    schema: expect.stringMatching(/^test_/),
    name: 'orders',
    kind: 'table',
    comment: 'what was ordered',
    columns: [
      column('id', 'bigint', 'bigint(20) unsigned', { nullable: false, primaryKey: true }),
      column('customer_id', 'integer', 'int(11)', { nullable: false }),
      column('total', 'decimal', 'decimal(10,2)', { defaultExpression: '0.00' }),
      column('note', 'text', 'varchar(20)', { comment: 'a remark' }),
      column('created', 'timestamptz', 'timestamp(3)'),
    ],
    indexes: [
      { name: 'orders_customer', columns: ['customer_id'], unique: false },
      { name: 'orders_note', columns: ['note', 'customer_id'], unique: true },
      { name: 'PRIMARY', columns: ['id'], unique: true },
    ],
    foreignKeys: [
      {
        name: 'orders_customer',
        columns: ['customer_id'],
        referencedSchema: expect.stringMatching(/^test_/),
        referencedTable: 'customers',
        referencedColumns: ['id'],
      },
    ],
  },
};

function column(
  name: string,
  type: DriverFixture['table']['columns'][number]['type'],
  nativeType: string,
  rest: Partial<DriverFixture['table']['columns'][number]> = {},
): DriverFixture['table']['columns'][number] {
  return {
    name,
    type,
    nativeType,
    nullable: true,
    defaultExpression: null,
    primaryKey: false,
    comment: null,
    ...rest,
  };
}

describeEngine('mariadb', () => driverContract(fixture));
