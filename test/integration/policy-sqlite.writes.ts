export interface Write {
  readonly text: string;
  readonly code?: string;
  /** Rows of RETURNING; none unless given. */
  readonly rows?: readonly unknown[][];
  /** What the database itself then answers. */
  readonly after?: Readonly<Record<string, readonly unknown[][]>>;
}

const column = 'permission.column_denied';
const row = 'permission.row_denied';

export const writes: readonly Write[] = [
  {
    text: 'delete from orders where total < 15 and abs(cast(total as integer)) > 0 returning id',
    rows: [[1], [4]],
  },
  {
    text: "update staff set boss = 'q' where json_extract(case code when 'z' then '{' else '1' end, '$') returning code",
    rows: [['a'], ['b']],
  },
  {
    text: "update orders set note = 'x'",
    after: { "select group_concat(id) from orders where note = 'x'": [['1,2,4']] },
  },
  { text: "update orders set note = 'x' where id > 2 returning id, note", rows: [[4, 'x']] },
  {
    text: "update orders as o set note = o.note || '!' where o.id = 1 or o.id = 3 returning *",
    rows: [[1, 1, 10.5, 'open!', 'EU']],
  },
  {
    text: 'update orders set total = p.price from products p where p.id = orders.id',
    after: {
      'select id, total from orders where id in (1, 2, 3)': [
        [1, 2.5],
        [2, 8],
        [3, 98765.25],
      ],
    },
  },
  {
    text: 'update orders set total = 0 where abs(cast(total as integer)) > 0',
    after: { 'select count(*) from orders where total = 0': [[3]] },
  },
  {
    text: "update orders set total = 0 where region = 'US' or 1",
    after: { 'select group_concat(id) from orders where total = 0': [['1,2,4']] },
  },
  {
    text: 'update main.orders set total = (select max(total) from orders) where id = 1',
    after: { 'select total from orders where id = 1': [[20]] },
  },
  {
    text: "with orders as (select 9 as id) update orders set note = 'y' where id in (select id from main.orders)",
    after: { "select count(*) from orders where note = 'y'": [[3]] },
  },
  {
    text: 'delete from orders',
    after: { 'select group_concat(id) from (select id from orders order by id)': [['3,5']] },
  },
  { text: 'delete from orders where id = 3 or id = 4 returning id', rows: [[4]] },
  {
    text: "delete from orders where json_extract(note, '$') is null and id > 2",
    code: 'query.invalid_value',
  },
  { text: 'delete from orders where total < 0 -- nothing', after: { 'select count(*) from orders': [[5]] } },
  {
    text: "update staff set boss = 'q'",
    after: { "select group_concat(code) from staff where boss = 'q'": [['a,b']] },
  },
  {
    text: "delete from staff as m where m.code > ''",
    after: { 'select group_concat(code) from staff': [['z']] },
  },
  {
    text: "delete from staff as m where json_valid('1')",
    after: { 'select group_concat(code) from staff': [['z']] },
  },
  { text: "update computed set v = 'new' returning *", rows: [[1, 'a', 'A', 'new']] },
  { text: "update computed set base = 'b'", code: row },
  { text: "update orders set region = 'US'", code: row },
  { text: "update orders set (note, region) = ('x', 'EU')", code: row },
  { text: 'update or replace orders set id = 3 where id = 1', code: row },
  { text: "update staff set dept = 'board'", code: row },
  { text: "insert into orders (id, region) values (9, 'EU')", code: row },
  { text: 'replace into orders (id) values (3)', code: row },
  { text: 'insert into orders select * from orders', code: row },
  { text: 'insert into logs (line) select email from customers', code: column },
  { text: 'insert into logs (line) select mail from nested', code: column },
  { text: 'insert into logs (line) values ((select max(token) from customers))', code: column },
  {
    text: 'insert into logs (line) with c as (select email as e from customers) select e from c',
    code: column,
  },
  {
    text: "insert into logs (line) with recursive r(i, e) as (select 1, '' union all select i + 1, (select email from customers) from r where i < 2) select e from r",
    code: column,
  },
  { text: 'insert into logs (line) select value from customers, json_each(json_array(email))', code: column },
  {
    text: 'insert into logs (line) select region from customers order by id',
    after: { 'select group_concat(line) from logs': [['start,EU,US,EU']] },
  },
  {
    text: 'insert into logs (line) select note from orders order by id',
    after: { 'select group_concat(line) from logs': [['start,open,late']] },
  },
  { text: 'insert into logs default values returning *', rows: [[2, null]] },
  {
    text: "insert into logs values (1, 'x') on conflict (id) do update set line = line || excluded.line returning line",
    rows: [['startx']],
  },
  {
    text: "insert into logs values (1, 'x') on conflict (id) do update set line = (select email from customers where customers.id = 1)",
    code: column,
  },
  { text: 'update logs set line = (select name from customers)', code: column },
  { text: 'update logs set line = c.email from customers c', code: column },
  {
    text: "update logs set line = 'e' from customers c where c.email like 'CA%' and c.id = logs.id returning line",
    rows: [['e']],
  },
  {
    text: "insert into customers (id, name, email, region) values (9, 'New', 'new@example.com', 'EU') returning id, name, email",
    rows: [[9, 'N***', 'ne***@example.com']],
  },
  { text: "insert into customers (id, ssn, region) values (9, 'x', 'EU')", code: column },
  { text: "insert into customers values (9, 'New', 'n', '', '', '', '', '', '', '', 'EU')", code: column },
  {
    text: "insert into customers (id, region) values (1, 'x') on conflict (id) do update set phone = email",
    code: column,
  },
  {
    text: "insert into customers (id, email, region) values (1, 'z@y.z', 'x') on conflict (id) do update set phone = excluded.email returning phone",
    rows: [['***']],
  },
  {
    text: "insert into customers (id, region) values (1, 'x') on conflict (id) do update set region = 'q' where ssn like 'CANARY%'",
    code: column,
  },
  {
    text: "update customers set region = 'X' where id = 1 returning *",
    rows: [
      [
        1,
        'C***',
        'CA***@example.com',
        '555***1111',
        '4000***1234',
        expect.stringMatching(/^[0-9a-f]{64}$/),
        '***',
        null,
        '1977',
        'X',
        null,
      ],
    ],
  },
  {
    text: "update customers set region = 'X' where id = 1 returning upper(email) as e, customers.phone, rowid",
    rows: [['CA***@EXAMPLE.COM', '555***1111', 1]],
  },
  { text: "update customers set region = 'X' where id = 1 returning (select email)", code: column },
  { text: "update customers set region = 'X' where id = 1 returning ssn", code: column },
  { text: "update customers set region = 'X' where email like 'CANARY%'", code: column },
  { text: 'update customers set phone = email', code: column },
  { text: 'update customers set region = (select customers.token)', code: column },
  { text: "update customers as c set ssn = 'x'", code: column },
  { text: 'update customers set region = ssn', code: column },
  {
    text: "update customers set phone = '1' where id = 2",
    after: { 'select phone from customers where id = 2': [['1']] },
  },
  { text: "delete from customers where name glob 'CANARY*'", code: column },
  {
    text: "delete from customers where id = (select id from customers where main.customers.email like 'CA%') and 0",
  },
  { text: "insert into docs_search (docs_search) values ('delete-all')", code: 'permission.table_denied' },
  { text: 'insert into customer_list (id) values (9)', code: 'permission.write_denied' },
  { text: "insert into notes values ('more')", after: { 'select count(*) from notes': [[3]] } },
  { text: 'explain delete from orders where id = 3', rows: expect.any(Array) as unknown[][] },
];
