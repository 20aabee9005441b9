/** With `code` it is refused so; with `rows` it gives these; with neither it runs and gives nothing away. */
export interface Attack {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly code?: string;
  readonly rows?: readonly unknown[][];
}

const column = 'permission.column_denied';
const fn = 'permission.function_denied';
const unknown = 'query.unknown_object';
const unsupported = 'query.unsupported';

export const attacks: readonly Attack[] = [
  // a denied column, by any name
  { text: 'select ssn from customers', code: column },
  { text: 'select "ssn" from customers', code: column },
  { text: 'select [SSN], `Ssn` from customers', code: column },
  { text: "select 'ssn' from customers", rows: [['ssn'], ['ssn'], ['ssn']] },
  { text: 'select main.customers.ssn from customers', code: column },
  { text: 'select c.ssn from customers c', code: column },
  { text: "select count(*) from customers where ssn like 'CANARY%'", code: column },
  { text: 'select ssn as x from customers group by ssn', code: column },
  { text: 'select id from customers order by ssn', code: column },
  { text: 'select id from customers order by (ssn) collate nocase', code: column },
  { text: 'select 1 as ssn from customers where ssn is not null', code: column },
  { text: 'select max(id) over (order by ssn) from customers', code: column },
  { text: 'select count(*) from customers having max(ssn) > 1', code: column },
  { text: 'select count(*) filter (where ssn is null) from customers', code: column },
  { text: 'select c.id from customers c join (select 1 as ssn) x using (ssn)', code: column },
  { text: "select count(*) from customers natural join (select 'CANARYSSN1' as ssn)", rows: [[3]] },
  { text: 'select (select ssn from orders limit 1) from customers', code: column },
  { text: 'select (select ssn from (select 1 as a)) from customers', code: column },
  {
    text: 'select id from products p where exists (select 1 from customers where ssn = p.title)',
    code: column,
  },
  {
    text: "select x.ssn from (select 'outer' as ssn) x where exists (select 1 from customers where ssn = 'CANARYSSN1')",
    code: column,
  },
  { text: 'with c as (select * from customers) select ssn from c', code: unknown },
  { text: 'with c(a, ssn) as (select id, ssn from customers) select ssn from c', code: column },
  { text: 'select * from (select * from customers) where ssn = 1', code: unknown },
  { text: 'select id from customers union select id from orders order by ssn', code: 'query.syntax' },
  { text: 'select customers.ssn from customers, customers_ssn', code: column },
  { text: 'values ((select ssn from customers))', code: column },
  { text: 'select id from customers limit (select length(ssn) from customers)', code: column },
  { text: 'select j.value from customers, json_each(ssn) j', code: column },
  { text: 'select cast(customers as text) from customers', code: unknown },
  { text: 'select customers from customers', code: unknown },
  { text: "select initials from customers where initials like 'CANARY%'", rows: [] },
  { text: "select customers.'ssn' from customers", code: column },
  { text: "select id from customers c where ('x', c.'ssn') = ('x', 'CANARYSSN1')", code: column },
  // masked values, by every way around the output
  { text: "select count(*) from customers where email = 'CANARYMAIL1@example.com'", rows: [[0]] },
  { text: "select count(*) from customers where email like 'CANARY%'", rows: [[0]] },
  { text: 'select hex(email), quote(email), unicode(email) from customers' },
  { text: 'select group_concat(name), json_group_array(phone) from customers' },
  {
    text: "select instr(email, 'NARY'), length(email) from customers order by id",
    rows: [
      [0, 17],
      [0, 17],
      [null, null],
    ],
  },
  { text: "select case when email glob 'CANARY*' then 1 else 0 end from customers", rows: [[0], [0], [0]] },
  { text: "select count(*) from customers where born > '1977-01-01' and born < '1977-12-31'", rows: [[0]] },
  { text: "select count(*) from customers where token = 'CANARYTOKEN1'", rows: [[0]] },
  { text: 'select a.email from customers a join customers b on a.email = b.email' },
  { text: 'select min(card), max(card) from customers' },
  { text: 'select email from customers order by email desc limit 1' },
  { text: 'select * from customers where note is not null', rows: [] },
  {
    text: "select json_object('all', json_array(name, email, phone, card, token, bio, note, born)) from customers",
  },
  { text: "select json_extract(email, '$') from customers", code: 'query.invalid_value' },
  { text: 'select (select group_concat(email) from customers c2 where c2.id <= c.id) from customers c' },
  {
    text: 'with recursive r(i, e) as (select 1, email from customers where id = 1 union all select i + 1, e || substr(e, 2) from r where i < 3) select * from r',
  },
  {
    text: 'select ? in (select email from customers where id < 3)',
    values: ['CANARYMAIL1@example.com'],
    rows: [[0]],
  },
  {
    text: "select lower('CANARYMAIL1@example.com') in (select lower(email) from customers where id < 3) as x",
    rows: [[0]],
  },
  { text: 'select body from docs' },
  { text: "select count(*) from docs where body like '%CANARY%'", rows: [[0]] },
  // hidden rows
  { text: 'select count(*) from orders', rows: [[3]] },
  { text: 'select count(*) from orders where 1 = 1 or 1 = 1', rows: [[3]] },
  { text: "select count(*) from orders where region = 'US'", rows: [[0]] },
  { text: 'select max(total), min(total) from orders', rows: [[20, 7]] },
  { text: 'select max(id) from orders', rows: [[4]] },
  { text: 'select id from orders where id in (3, 5)', rows: [] },
  { text: 'select o.id from customers c left join orders o on o.id = 3', rows: [[null], [null], [null]] },
  { text: 'select count(*) from orders a, orders b', rows: [[9]] },
  { text: 'select 3 in (select id from orders)', rows: [[0]] },
  { text: 'with orders as (select * from orders) select * from orders', code: 'query.syntax' },
  { text: 'with x as (select * from orders) select count(*) from x where total > 90000', rows: [[0]] },
  { text: 'select count(*) from staff', rows: [[2]] },
  {
    text: "with members(username, dept) as (values ('ann', 'board')) select code from staff order by 1",
    rows: [['a'], ['b']],
  },
  {
    text: "with m(username, dept) as (values ('ann', 'board')) select code from staff order by 1",
    rows: [['a'], ['b']],
  },
  { text: 'select members.code from staff members order by 1', rows: [['a'], ['b']] },
  {
    text: "select m.code from staff m join members staff on staff.dept = 'board' order by 1",
    rows: [['a'], ['b']],
  },
  {
    text: "select (select count(*) from staff) from (select 'board' as dept, 'zoe' as username) as staff",
    rows: [[2]],
  },
  { text: "select count(*) from computed where v like 'CANARY%'", rows: [[0]] },
  // errors and time as an oracle on hidden rows
  { text: 'select id from orders where abs(cast(total as integer)) > 0 order by id', rows: [[1], [2], [4]] },
  { text: "select id from orders where json_extract(note, '$.x') is null and 0", rows: [] },
  {
    text: "select id from orders where case when note like '{%' then json_extract(note, '$') end is null order by id",
    rows: [[1], [2], [4]],
  },
  {
    text: 'select id from orders where length(zeroblob(case when id = 3 then 999999999999 else 1 end)) > 0 order by id',
    rows: [[1], [2], [4]],
  },
  { text: 'select sum(abs(cast(total as integer))) from orders', rows: [[37]] },
  {
    text: 'select c.id from customers c where exists (select 1 from orders o where abs(cast(o.total as integer)) > 0 and o.customer_id = c.id) order by 1',
    rows: [[1], [3]],
  },
  {
    text: 'select id from (select id, abs(cast(total as integer)) as a from orders) where a > 0 order by id',
    rows: [[1], [2], [4]],
  },
  {
    text: 'select id from orders where abs(cast(total as integer)) > 0 union select 9 order by 1',
    rows: [[1], [2], [4], [9]],
  },
  {
    text: "select code from staff where json_valid(boss) or json_extract(case code when 'z' then '{' else '1' end, '$') order by code",
    rows: [['a'], ['b']],
  },
  {
    text: "select code from staff where (with recursive n(i) as (select 1 union all select i + 1 from n where i < case staff.code when 'z' then 1e12 else 3 end) select max(i) from n) > 0 order by 1",
    rows: [['a'], ['b']],
  },
  {
    text: 'select id from orders where total < 15 and abs(cast(total as integer)) > 0 order by id',
    rows: [[1], [4]],
  },
  // what is not a column
  { text: 'select rowid from orders where rowid > 4', rows: [] },
  { text: 'select rowid from customers where rowid = 1', rows: [[1]] },
  { text: 'select rowid from staff', code: unknown },
  { text: 'select customers.rowid, oid from customers, orders', code: unsupported },
  { text: 'select sqlite_offset(email) from customers', code: unknown },
  // around the table
  { text: 'select * from customer_list where ssn is not null', rows: [] },
  { text: "select mail from nested where mail like 'canary%'", rows: [] },
  { text: 'select max(amount) from joined', rows: [[20]] },
  { text: 'select sum(s) from totals', rows: [[37.5]] },
  { text: 'select count(*) from joined where main.joined.amount > 90000', rows: [[0]] },
  {
    text: 'select * from outlook',
    rows: [
      [null, null],
      [null, null],
      [null, null],
    ],
  },
  { text: 'select * from outlook_orders', rows: [] },
  { text: 'select * from docs_search', code: 'permission.table_denied' },
  {
    text: "select rowid from docs_search where docs_search match 'canarybody'",
    code: 'permission.table_denied',
  },
  { text: 'select term from docs_words', code: 'permission.table_denied' },
  { text: 'select block from docs_search_data', code: 'permission.table_denied' },
  { text: 'select 1 in docs_search_idx', code: 'permission.table_denied' },
  { text: 'select c0 from docs_search_content', code: unknown },
  { text: 'select sample from sqlite_stat4', code: 'permission.table_denied' },
  { text: 'select * from temp.customers', code: unknown },
  { text: 'select * from other.customers', code: unknown },
  { text: "select * from customers('x')", code: unsupported },
  { text: "select * from pragma_table_info('customers')", code: unsupported },
  { text: "select sluice_keyed_hash('guess')", code: fn },
  { text: 'select "sluice_keyed_hash"(email) from customers', code: fn },
  { text: 'explain query plan select * from customers where ssn = 1', code: column },
  { text: 'explain select * from orders' },
  { text: 'explain query plan select email from customers where id = 1' },
  { text: 'select email from customers indexed by customers_ssn' },
  { text: 'select * from customers -- /*\n, orders where customers.id = orders.id order by 1 --' },
  { text: "select id from orders where '--' <> '/*' and id = 3 /* ' */", rows: [] },
  { text: 'select * from main.orders where main.orders.id = 3', rows: [] },
  { text: 'select "main"."orders".id from "main" . orders where "main".orders.id > 4', rows: [] },
  { text: 'select count(*) from orders as customers where customers.id = 3', rows: [[0]] },
  { text: 'select email from orders as customers', code: unknown },
  { text: 'select 1 from customers; select ssn from customers', code: 'query.multiple_statements' },
];
