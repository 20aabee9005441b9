import { createHmac } from 'node:crypto';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { AppError } from '../../src/common/app-error';
import type { RelationName } from '../../src/common/relation-description';
import type { Row } from '../../src/drivers/cell';
import { driverFor } from '../../src/drivers';
import type { Source } from '../../src/drivers/driver';
import { analyse, closeAnalysis } from '../../src/sql/analyse';
import type { ColumnPolicy, RelationPolicy } from '../../src/sql/policy/relation-policy';
import type { RewrittenStatement } from '../../src/sql/policy/rewriting';
import { collect, connectOptions, never, request } from '../contract/driver-contract';
import { describeEngine, freshMariadbDatabase, type FreshDatabase } from '../servers/servers';
import { Descriptions, rewriteOnSource } from './rewrite-described';

const hashKey = Buffer.from('0123456789abcdef0123456789abcdef');
const hmac = (value: string): string => createHmac('sha256', hashKey).update(value).digest('hex');

/** id, name, email, phone, card, salary, note, token, ssn, region, born */
const customers = [
  [1, 'Alice Adler', 'alicanary@example.com', '+491701canary', '4111canary1111', 51001, 'note-canary-1', 'token-canary-1', 'ssn-canary-1', 'EU', '1980-05-17'],
  [2, 'Bob Berger', 'bobcanary@example.com', '0301canary77', '5500canary0004', 51002, 'note-canary-2', 'token-canary-2', 'ssn-canary-2', 'EU', '1990-06-18'],
  [3, "C'ora \\Cole", 'coracanary@example.org', '12345', '1234', 51003, '', 'token-canary-2', 'ssn-canary-3', 'EU', null],
  [4, 'Dörte 😀', null, null, null, null, null, null, 'ssn-canary-4', 'EU', '2000-01-01'],
  [5, 'Verborgen Canary', 'hidcanary@example.com', '5559canary11', '6011canary1117', 61005, 'note-canary-5', 'token-canary-5', 'ssn-canary-5', 'US', '1970-02-03'],
  [6, 'Ungesehen Canary', 'unscanary@example.com', '5558canary22', '6011canary2228', 61006, 'note-canary-6', 'token-canary-6', 'ssn-canary-6', 'US', '1971-03-04'],
] as const; // prettier-ignore

/** The same, by hand, as the viewer may see it; no ssn. */
const shown = [
  [1, 'Alice Adler', 'al***@example.com', '+49***nary', '4111***1111', null, null, hmac('token-canary-1'), 'EU', '1980-01-01'],
  [2, 'Bob Berger', 'bo***@example.com', '030***ry77', '5500***0004', null, null, hmac('token-canary-2'), 'EU', '1990-01-01'],
  [3, "C'ora \\Cole", 'co***@example.org', '***', '***', null, null, hmac('token-canary-2'), 'EU', null],
  [4, 'Dörte 😀', null, null, null, null, null, null, 'EU', '2000-01-01'],
] as const; // prettier-ignore

const mask = (
  kind: Exclude<Extract<ColumnPolicy, { rule: 'mask' }>['mask'], 'expression'>,
): ColumnPolicy => ({
  rule: 'mask',
  mask: kind,
});

const customerPolicy: RelationPolicy = {
  rowFilters: [
    "region = :region and :region in (select code from regions r where r.open = 1) -- the viewer's",
  ],
  columns: new Map<string, ColumnPolicy>([
    ['email', mask('email')],
    ['phone', mask('phone')],
    ['card', mask('card_number')],
    ['salary', mask('full')],
    ['note', mask('null')],
    ['token', mask('hash')],
    ['ssn', { rule: 'deny' }],
    [
      'born',
      { rule: 'mask', mask: 'expression', expression: "cast(date_format(born, '%Y-01-01') as date) # year" },
    ],
  ]),
};

const shared = `
  create table regions (code varchar(5) primary key, label varchar(20), open int);
  insert into regions values ('EU', 'Europe', 1), ('US', 'America', 1), ('XX', 'closed', 0);
  create table orders (id int primary key, customer_id int, total decimal(10,2), status varchar(10), placed date);
  insert into orders values (1, 1, 10.50, 'paid', '2026-01-01'), (2, 1, 20.00, 'open', '2026-01-02'),
    (3, 2, 30.00, 'paid', '2026-02-01'), (4, 5, 40.00, 'paid', '2026-02-02'), (5, 4, 50.00, 'open', '2026-03-01');
  create table staff (id int primary key, boss int, name varchar(20), email varchar(50));
  insert into staff values (1, null, 'root', 'root@here'), (2, 1, 'left', null), (3, 1, 'right', 'r@here'), (4, 2, 'leaf', null);
  create table documents (id int primary key, body longtext check (json_valid(body)));
  insert into documents values (1, '[{"a": 1}, {"a": 2}]');
  create view open_orders as select id, customer_id, total from orders where status = 'open';
  create table copies (id int primary key, name varchar(60), email varchar(60), amount int);
`;

/** Statements whose rows are those of a database that holds what the viewer may see; {db} is its name. */
const honest = [
  'select * from customers order by id',
  'select c.* from customers c order by c.id desc',
  'select customers.* from customers order by 1 limit 2',
  'select {db}.customers.email, {db}.customers.id from {db}.customers order by {db}.customers.id',
  'select {db}.customers.* from {db}.customers order by id',
  'select {db}.c.email, {db}.c.* from {db}.customers c where {db}.c.id < 3 order by {db}.c.id',
  'select `Email` from customers where `id` = 1',
  'select id, email as mail, upper(name) as shout from customers where name like \'%a%\' order by mail',
  'select count(*), count(email), count(distinct token), min(born), max(name) from customers',
  'select region, count(*) as n from customers group by region having n > 1 order by n',
  'select region, count(*) from customers group by 1 with rollup',
  'select year(born) as y, count(*) from customers group by year(born) order by y',
  'select distinct region from customers',
  'select token, count(*) from customers group by token order by 2 desc, 1',
  "select case when email like 'al%' then 'a' else 'b' end as x, id from customers order by id",
  'select c.name, o.total from customers c join orders o on o.customer_id = c.id order by o.id',
  'select c.name, o.total from orders o left join customers c on o.customer_id = c.id order by o.id',
  'select c.name, o.total from customers c left join orders o on o.customer_id = c.id and o.total > 15 order by c.id, o.id',
  'select c.name, o.total from customers c right outer join orders o on o.customer_id = c.id order by o.id',
  'select c.name, o.total from customers as c, orders as o where o.customer_id = c.id order by o.id',
  'select c.name from customers c cross join regions order by 1',
  'select c.name, r.label from customers c straight_join regions r on r.code = c.region order by c.id',
  'select * from orders join customers using (id) order by id',
  'select id, name from customers natural join (select 1 as id union select 5) x',
  'select * from (customers c join regions r on r.code = c.region) join orders o on o.customer_id = c.id order by o.id',
  'select a.id, b.id from customers a join customers b on a.token = b.token and a.id < b.id',
  'select a.id, customers.name from customers a, {db}.customers where a.id = {db}.customers.id order by 1',
  'select name from customers where id in (select customer_id from orders where status = \'paid\') order by id',
  'select name from customers c where exists (select 1 from orders o where o.customer_id = c.id) order by id',
  'select name from customers c where not exists (select 1 from orders o where o.customer_id = c.id) order by id',
  'select id, (select count(*) from customers c where c.id = o.customer_id) as seen from orders o order by id',
  'select id, (select max(email) from customers) from orders order by id',
  'select id from orders where customer_id = any (select id from customers) order by id',
  'select id from orders where total > all (select id * 5 from customers) order by id',
  'select * from (select id, email from customers) x where x.id > 1 order by id',
  'select x.m from (select max(email) as m, region from customers group by region) as x',
  'select `a b`, x.name from (select id as `a b`, name from customers) as x order by `a b`',
  'select x.`it\'s` from (select email as \'it\\\'s\' from customers) as x order by 1',
  'with c as (select id, email from customers) select * from c order by id',
  'with customers as (select 1 as one) select * from customers',
  'with x as (select * from customers), y as (select id, email from x where id < 3) select * from y order by id',
  'with recursive n (i) as (select 1 union all select i + 1 from n where i < 3) select i, c.name from n join customers c on c.id = n.i order by i',
  'with recursive up (id, boss, name) as (select id, boss, name from staff where id = 4 union all select s.id, s.boss, s.name from staff s join up on up.boss = s.id) select * from up order by id',
  'select id from customers union select id from orders order by id',
  'select email from customers union all (select name from staff) order by 1',
  'select id from orders except select id from customers order by id',
  'select id from orders intersect select id from customers order by id',
  '(select id from customers order by id desc limit 1) union all (select 0)',
  'select id, row_number() over (order by id) as rn, sum(id) over w as s from customers window w as (partition by region order by id) order by id',
  'select id, lag(email) over (order by id) as before_it from customers order by id',
  'select id, rank() over (order by token) from customers order by id',
  'select * from customers where email is null or salary is not null',
  'select * from customers where id between 2 and 3 order by id',
  'select * from customers where (id, region) in ((1, \'EU\'), (5, \'US\'))',
  "select group_concat(name order by id separator '; ') from customers",
  "select json_arrayagg(id) from customers; # the end",
  "select json_object('mail', email) from customers where id = 1",
  'select j.a, c.id from documents d, json_table(d.body, \'$[*]\' columns (a int path \'$.a\')) j, customers c where c.id = j.a order by 1',
  'select * from open_orders order by id',
  'select c.name, o.total from open_orders o join customers c on c.id = o.customer_id order by o.id',
  'select * from seen_customers order by id',
  'select s.mail, s.secret from {db}.seen_customers s order by s.id',
  'select count(*) from seen_by_region',
  'select * from seen_by_region order by region',
  'select * from seen_twice order by id',
  'select * from customers use index (primary) where id = 1',
  'select * from customers as c force index (primary) ignore index (primary), orders o where c.id = o.customer_id order by o.id',
  'select coalesce(email, phone, \'none\') from customers order by id',
  'select sql_no_cache id from customers order by id',
  'select all id from customers order by id',
  'select upper(  email  ), (select   max(id)\n from customers) from customers order by id limit 1',
  'select {db}.customers.email like \'al%\', concat({db}.customers.id, \'x\') from {db}.customers order by id',
  'select if(exists(select 1 from customers where id = 5), \'yes\', \'no\') as hidden_one',
  'select id from customers order by (select total from orders o where o.customer_id = customers.id order by total limit 1), id',
  'values (1, 2)',
  'select 1 from dual where exists (select * from customers)',
  'select seq from seq_1_to_3 join customers c on c.id = seq order by seq',
] as const; // prettier-ignore

/** Statements that look for what is hidden; whatever they give or say, it holds none of the values. */
const attacks = [
  'select ssn from customers',
  'select customers.ssn from customers',
  'select {db}.customers.ssn from {db}.customers',
  'select c.`ssn` from customers c',
  'select `SSN` from customers',
  'select ſſn from customers',
  'select hid from customers',
  'select customers._rowid from customers',
  'select _rowid, email from customers',
  'select * from customers where ssn like \'ssn-c%\'',
  'select id from customers order by ssn',
  'select count(*) from customers group by ssn',
  'select max(ssn) from customers',
  'select (select ssn from customers limit 1) from orders',
  'select o.id from orders o where exists (select 1 from customers where ssn = o.status)',
  'select ssn from (select 1 as ssn) o where exists (select 1 from customers where ssn is not null)',
  'select * from customers a join customers b using (ssn)',
  'select * from customers natural join (select \'ssn-canary-1\' as ssn) x',
  'with x as (select ssn from customers) select * from x',
  'with recursive x as (select ssn from customers union all select ssn from x) select * from x',
  'select email from customers where email like \'%canary%\'',
  'select hex(email), to_base64(note), reverse(phone) from customers',
  'select email from customers where id = 5',
  'select * from customers where region = \'US\'',
  'select * from customers where 1 = 1 or region = \'US\'',
  'select * from customers c where c.region = \'EU\' or true',
  'select * from customers -- ) or 1=1\n where true',
  'select * from customers # x\n',
  'select * from customers /* ) union select * from customers */ where true',
  'with regions as (select \'EU\' as code, 1 as open union select \'US\', 1) select * from customers',
  'with customers as (select * from customers) select * from customers',
  'with customers as (select * from {db}.customers) select note, ssn from customers',
  'select * from customers as regions',
  'select r.* from customers r, regions',
  'select * from {db}.`customers`',
  'select * from `{db}`.customers where email > \'alic\' and email < \'alid\'',
  'select * from customers where 1 / (salary - 61005)',
  'select * from customers where exp(salary - 61005 + 800) > 0',
  'select * from customers where exp(if(id = 5, 1000, 0)) > 0',
  'select * from customers where cast(note as json) is null',
  'select * from customers where json_extract(note, \'$\') is null',
  'select name from customers where (select id from orders o where o.id <= customers.id) = 1',
  'select id from customers where name regexp email',
  'select ~0 + id from customers where (~0 + if(id > 4, id, 0)) > 0',
  'select group_concat(email), group_concat(ssn) from customers',
  'select json_arrayagg(json_object(\'a\', note, \'b\', salary)) from customers',
  'select count(*) from customers where id > 4',
  'select avg(salary), sum(salary), bit_xor(salary) from customers',
  'select * from secret_view',
  'select * from definer_view',
  'select secret from seen_customers',
  'select * from seen_twice where mail like \'%canary%\'',
  'select id from seen_customers where secret is not null',
  'select * from calling_view',
  'select * from unreadable_view',
  'table customers',
  'select * from (table customers) x',
  'select 1 union table customers',
  'with x as (table customers) select * from x',
  'select * from information_schema.columns where table_name = \'customers\'',
  'select * from mysql.innodb_index_stats',
  'select note from customers union select note from copies',
  'select default(note) from customers',
  'select values(note) from customers',
  'select leak(1)',
  'select match (name) against (\'canary\') from customers',
  'explain select * from customers where id = 5',
  'explain format=json select * from customers',
  'explain extended select token from customers',
  'explain analyze select token from customers',
  'explain select (select token from customers limit 1)',
  'describe customers',
  'select * from customers procedure analyse()',
  'select * from customers for update',
  'select * from customers lock in share mode',
  'select * from customers into outfile \'/tmp/canary\'',
  'select * from customers for system_time all',
  'select * from customers partition (p0)',
  'select * from customers where note = note collate utf8mb4_bin or token = \'token-canary-1\'',
  'select email /*! , ssn */ from customers',
  'select email /*M! , ssn */ from customers',
  'select @x := ssn from customers',
  'select customers from customers',
  'select (customers.*) from customers',
  'select row(customers.note, 1) = row(\'note-canary-1\', 1) from customers',
  'select * from customers c join lateral (select c.ssn) x',
  'select * from json_table((select json_arrayagg(ssn) from customers), \'$[*]\' columns (a text path \'$\')) j',
  'select * from customers where id in (select id from customers where ssn like \'%\')',
  'select lead(ssn) over (order by id) from customers',
  'select 1 from customers window w as (order by ssn)',
  'select "a" "b\\" from customers union select ssn from customers -- "',
  'select a.b.c.ssn from customers',
  'select window from customers x',
  'select rank from rank, customers',
  'select (select 1 from customers a, window b), (select token from customers limit 1)',
  'select (select token from customers limit 1) + (select 1 a b)',
  'select sum(token) over (rows unbounded) from customers',
] as const; // prettier-ignore

const writes = [
  ['update customers set name = note', 'permission.column_denied'],
  ['update customers set name = ssn', 'permission.column_denied'],
  ['update customers set name = (select max(note) from customers)', 'permission.column_denied'],
  ["update customers set name = 'x' where email like 'a%'", 'permission.column_denied'],
  ["update customers set name = 'x' where ssn = 'a'", 'permission.column_denied'],
  ["update customers set name = 'x' order by salary limit 1", 'permission.column_denied'],
  ["update customers set ssn = 'x'", 'permission.column_denied'],
  ["update customers set region = 'US'", 'permission.row_denied'],
  ["update customers set name = 'x' where _rowid = 1", 'policy.unsupported'],
  ["update customers set name = 'x' where emaıl = 1", 'query.unknown_object'],
  ["update customers c join orders o on o.customer_id = c.id set o.status = 'x', c.name = c.email", 'permission.column_denied'],
  ['update copies join customers c on c.id = copies.id set copies.email = c.email', 'permission.column_denied'],
  ['update copies set email = (select email from customers limit 1)', 'permission.column_denied'],
  ['insert into copies select id, name, email, 1 from customers', 'permission.column_denied'],
  ['insert into copies (id, email) select id, concat(email, 1) from customers', 'permission.column_denied'],
  ['insert into copies (id, email) values (9, (select note from customers limit 1))', 'permission.column_denied'],
  ['insert into copies (id, name) select id, name from customers on duplicate key update email = customers.email', 'permission.column_denied'],
  ['insert into copies set id = 9, email = (select token from customers limit 1)', 'permission.column_denied'],
  ['replace into copies select id, name, card, 1 from customers', 'permission.column_denied'],
  ['with x as (select email e from customers) update copies set email = (select max(e) from x)', 'permission.column_denied'],
  ["insert into customers (id, name, region) values (9, 'x', 'US')", 'permission.row_denied'],
  ["insert into customers (id, name) values (9, 'x')", 'permission.row_denied'],
  ["replace into customers (id, name, region) values (5, 'x', 'EU')", 'permission.row_denied'],
  ["insert into customers (id, name, region) values (5, 'x', 'EU') on duplicate key update name = note", 'permission.row_denied'],
  ["insert into customers values (9, 'x', 'x', 'x', 'x', 1, 'x', 'x', 'x', 'EU', null)", 'permission.column_denied'],
  ["delete from customers where note like 'n%'", 'permission.column_denied'],
  ["delete c from customers c join orders o on o.customer_id = c.id and c.note = 'x'", 'permission.column_denied'],
  ['delete from customers returning ssn', 'permission.column_denied'],
  ["update seen_customers set mail = 'x'", 'policy.unsupported'],
  ['delete from seen_customers', 'policy.unsupported'],
  ["insert into tenants (id, tenant) values (9, 'blue')", 'permission.row_denied'],
  ["insert ignore into tenants (id, tenant) values (9, 'red')", 'permission.row_denied'],
  ["insert into tenants (id, tenant) values (9, 'red'), (10, upper('red'))", 'permission.row_denied'],
  ["update tenants set tenant = 'blue' where id = 1", 'permission.row_denied'],
] as const; // prettier-ignore

describeEngine('mariadb', () => {
  let database: FreshDatabase;
  let expected: FreshDatabase;
  let admin: Connection;
  let source: Source;
  let bare: Source;
  let descriptions: Descriptions;
  /** Everything the viewer may not see, in encodings that a statement could use. */
  let canaries: readonly string[];

  const policies: ReadonlyMap<string, RelationPolicy> = new Map([
    ['customers', customerPolicy],
    ['tenants', { rowFilters: ['tenant = :tenant'], columns: new Map() }],
  ]);
  const policyOf = ({ schema, name }: RelationName): RelationPolicy | null =>
    schema === database.database ? (policies.get(name) ?? null) : null;

  async function compile(
    text: string,
  ): Promise<RewrittenStatement | { readonly code: string; readonly detail: string }> {
    const analysis = await analyse('mysql', text);
    if (!analysis.ok) return analysis.refusal;
    const { facts } = analysis;
    if (facts.functions.some(({ safe }) => !safe)) return { code: 'permission.function_denied', detail: '' };
    if (facts.relations.some(({ schema }) => schema === 'information_schema' || schema === 'mysql'))
      return { code: 'permission.table_denied', detail: '' };
    const rewriting = await rewriteOnSource(
      'mysql',
      {
        text,
        searchPath: [database.database],
        policyOf,
        variables: new Map([
          ['region', 'EU'],
          ['tenant', 'red'],
        ]),
        hashKey,
      },
      descriptions,
    );
    return rewriting.ok ? rewriting.statement : rewriting.refusal;
  }

  async function run(
    text: string,
    access: 'read' | 'write' = 'read',
  ): Promise<{ rows: Row[]; names: string[]; affected: number | null }> {
    const compiled = await compile(text);
    if ('code' in compiled) throw new AppError(compiled.code as never, compiled.detail);
    const expects = compiled.restsOn.map((relation) => ({
      ...relation,
      version: descriptions.describe(relation)?.version ?? null,
    }));
    const { rows, columns, affectedRows } = await collect(
      source,
      request({ text: compiled.text }, { access, expects }),
    );
    const { maskedColumns } = compiled;
    const told = Array.isArray(maskedColumns) ? maskedColumns.length : columns.length;
    if (columns.length > 0 && told !== columns.length)
      throw new Error(`${told} masks told of ${columns.length}`);
    return { rows, names: columns.map(({ name }) => name), affected: affectedRows };
  }

  beforeAll(async () => {
    database = await freshMariadbDatabase();
    expected = await freshMariadbDatabase();
    admin = await createConnection({ uri: database.url, multipleStatements: true, charset: 'utf8mb4' });
    const columns = `id int primary key, name varchar(60), email varchar(60), phone varchar(30), card varchar(30), salary int, note text,
      token varchar(70)`;
    await admin.query(`${shared}
      create table customers (${columns}, ssn varchar(20), region varchar(5), born date, hid int invisible default 4711);
      create view seen_customers as select id, email as mail, ssn as secret, salary from customers where ssn <> 'nobody';
      create view seen_by_region (region, n, mail) as select region, count(*), max(email) from customers group by region;
      create view seen_twice as select s.id, s.mail, c.name from seen_customers s join customers c on c.id = s.id;
      create view secret_view as select ssn, note, token from customers;
      create sql security definer view definer_view as select c.*, (select ssn from customers d where d.id = c.id) as again from customers c;
      create function leak(n int) returns varchar(100) reads sql data return (select note from customers limit 1);
      create view calling_view as select id, leak(id) as note from orders;
      create view unreadable_view as select extractvalue(note, '/a') as a, ssn from customers;
      create table tenants (id int primary key, tenant varchar(10), doubled varchar(30) as (concat(tenant, 'x')) virtual, a int);
      insert into tenants (id, tenant, a) values (1, 'red', 1), (2, 'blue', 2)`);
    for (const row of customers)
      await admin.query('insert into customers values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [...row]);
    await admin.query(`use ${expected.database}; ${shared}
      create table customers (${columns}, region varchar(5), born date);
      create view seen_customers as select id, email as mail, null as secret, null as salary from customers where false;
      create view seen_by_region (region, n, mail) as select region, count(*), max(email) from customers group by region;
      create view seen_twice as select s.id, s.mail, c.name from seen_customers s join customers c on c.id = s.id`);
    for (const row of shown)
      await admin.query('insert into customers values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [...row]);
    await admin.query(`use ${database.database}`);
    const driver = await driverFor('mariadb');
    const connect = (url: string) =>
      driver.connect(driver.parseConfig({ connectionString: url, ssl: false }), connectOptions(), never);
    source = await connect(database.url);
    bare = await connect(expected.url);
    descriptions = new Descriptions(source);
    const values = customers.flatMap(([, , email, phone, card, salary, note, token, ssn]) =>
      [email, phone, card, salary, note, token, ssn].flatMap((value) =>
        value === null || String(value).length < 5 || value === '12345' ? [] : [String(value)],
      ),
    );
    canaries = [...values, 'Verborgen', 'Ungesehen', '4711'].flatMap((value) => [
      value,
      value.split('').toReversed().join(''),
      Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -1),
      Buffer.from(value).toString('hex'),
    ]);
  }, 60_000);

  afterAll(async () => {
    await source?.close();
    await bare?.close();
    await admin?.end();
    await database?.drop();
    await expected?.drop();
    await closeAnalysis();
  });

  it.each(honest)('gives what the viewer may see: %s', async (statement) => {
    const text = statement.replaceAll('{db}', database.database);
    const should = await collect(bare, request({ text: statement.replaceAll('{db}', expected.database) }));
    const { rows, names } = await run(text);
    expect(rows).toEqual(should.rows);
    expect(names.map((name) => name.replaceAll(database.database, ''))).toEqual(
      should.columns.map(({ name }) => name.replaceAll(expected.database, '').replaceAll('\n', ' ')),
    );
  });

  it.each(honest)('leaves a statement alone where there are no policies: %s', async (statement) => {
    const text = statement.replaceAll('{db}', database.database);
    const none = {
      text,
      searchPath: [database.database],
      policyOf: () => null,
      variables: new Map(),
      hashKey,
    };
    const rewriting = await rewriteOnSource('mysql', none, descriptions);
    expect(rewriting).toMatchObject({ ok: true, statement: { text, edits: [], maskedColumns: null } });
  });

  it.each(attacks)('tells nothing that is hidden: %s', async (statement) => {
    const outcome = await run(statement.replaceAll('{db}', database.database)).then(
      (answer) => JSON.stringify(answer),
      (error: AppError) => {
        expect(error).toBeInstanceOf(AppError);
        return `${error.code} ${error.message} ${JSON.stringify(error.extra)}`;
      },
    );
    const told = outcome.toLowerCase();
    expect(
      canaries.filter(
        (canary) =>
          told.includes(canary.toLowerCase()) && !statement.toLowerCase().includes(canary.toLowerCase()),
      ),
    ).toEqual([]);
    for (const secret of [hashKey.toString('hex').slice(0, 16), '36363636', '5c5c5c5c', 'r.open'])
      expect(told).not.toContain(secret);
  });

  it.each(writes)('refuses: %s', async (statement, code) => {
    const before = await state();
    const refused = await run(statement, 'write').then(
      () => null,
      (error: AppError) => error,
    );
    expect(refused?.code).toBe(code);
    expect(await state()).toEqual(before);
  });

  it.each([
    // what the statement changes, what it says of rows, what is there afterwards
    [
      "update customers set name = 'renamed' where id = 1 or id = 5",
      1,
      "select id from customers where name = 'renamed'",
      [[1]],
    ],
    [
      "update customers set name = 'renamed', email = 'new@mail'",
      4,
      "select count(*) from customers where email = 'new@mail'",
      [['4']],
    ],
    [
      "update {db}.customers as c set c.name = 'renamed' where upper(c.name) like '%CANARY%' -- x",
      0,
      "select count(*) from customers where name = 'renamed'",
      [['0']],
    ],
    [
      "update customers set name = 'renamed' order by id desc limit 2",
      2,
      "select id from customers where name = 'renamed' order by id",
      [[3], [4]],
    ],
    [
      "update customers c join orders o on o.customer_id = c.id set o.status = 'seen', c.name = 'joined'",
      7,
      "select count(*) from orders where status = 'seen'",
      [['4']],
    ],
    [
      "update orders o join customers c on c.id = o.customer_id set o.status = 'seen'",
      4,
      "select id from orders where status = 'seen' order by id",
      [[1], [2], [3], [5]],
    ],
    [
      "update orders set status = 'seen' where customer_id in (select id from customers where email like 'al%')",
      2,
      "select id from orders where status = 'seen' order by id",
      [[1], [2]],
    ],
    ['update tenants set a = 7', 1, 'select id from tenants where a = 7', [[1]]],
    [
      'delete from customers where id in (2, 6)',
      1,
      'select id from customers order by id',
      [[1], [3], [4], [5], [6]],
    ],
    ['delete from customers', 4, 'select id from customers order by id', [[5], [6]]],
    [
      'delete c from customers c join orders o on o.customer_id = c.id',
      3,
      'select id from customers order by id',
      [[3], [5], [6]],
    ],
    [
      'delete from o using orders o join customers c on c.id = o.customer_id where c.id < 10',
      4,
      'select id from orders',
      [[4]],
    ],
    [
      'insert into copies (id, name) select id, name from customers',
      4,
      'select count(*) from copies',
      [['4']],
    ],
    [
      "insert into copies (id, name, amount) select c.id, c.name, count(*) from customers c join orders o on o.customer_id = c.id where c.email like '%@%' group by c.id, c.name",
      2,
      'select id, amount from copies order by id',
      [
        [1, 2],
        [2, 1],
      ],
    ],
    [
      "insert into copies values (1, 'a', 'b', 2), (2, default, null, (select count(*) from orders)) on duplicate key update name = values(name), amount = copies.amount + 1",
      2,
      'select amount from copies order by id',
      [[2], [5]],
    ],
    [
      'replace into copies (id, name) select id, name from customers where id = 1',
      1,
      'select id, name from copies',
      [[1, 'Alice Adler']],
    ],
    [
      "insert into tenants (id, tenant, a) values (9, 'red', 3), (10, 'red', 4)",
      2,
      "select count(*) from tenants where tenant = 'red'",
      [['3']],
    ],
  ] as const)('changes only what the viewer may see: %s', async (statement, affected, look, rows) => {
    await admin.query('set foreign_key_checks = 0');
    const before = await state();
    try {
      const answer = await run(statement.replaceAll('{db}', database.database), 'write');
      expect(answer.affected).toBe(affected);
      expect((await collect(source, request({ text: look }))).rows).toEqual(rows);
    } finally {
      await restore(before);
    }
  });

  it.each([
    ['delete from customers where id = 1 returning *', [shown[0]]],
    ['delete from customers where id = 2 returning customers.*', [shown[1]]],
    [
      'delete from customers where id = 1 returning id, email, upper(email) as loud, born',
      [[1, 'al***@example.com', 'AL***@EXAMPLE.COM', '1980-01-01']],
    ],
    [
      "insert into copies (id, email) values (1, 'mine') returning *, upper(email)",
      [[1, null, 'mine', null, 'MINE']],
    ],
  ] as const)('masks what RETURNING gives: %s', async (statement, rows) => {
    const before = await state();
    try {
      expect((await run(statement, 'write')).rows).toEqual(rows);
    } finally {
      await restore(before);
    }
  });

  it('calls the columns of RETURNING as they were written', async () => {
    const before = await state();
    try {
      const { names } = await run(
        'delete from customers where id = 1 returning id, email, upper( email ), phone p',
        'write',
      );
      expect(names).toEqual(['id', 'email', 'upper( email )', 'p']);
    } finally {
      await restore(before);
    }
  });

  it('says which columns of a result can carry masked values, and what the statement reaches', async () => {
    const compiled = await compile(
      'select c.id, email, upper(c.note) x, o.*, (select max(token) from customers) from customers c join orders o',
    );
    expect(compiled).toMatchObject({
      maskedColumns: [false, true, true, false, false, false, false, false, true],
    });
    expect(await compile('select * from seen_twice')).toMatchObject({ maskedColumns: [false, true, false] });
    const relations = ((await compile('select 1 from seen_twice')) as RewrittenStatement).relations;
    expect(relations.map(({ name, filtered, denied }) => [name, filtered, denied])).toEqual(
      expect.arrayContaining([
        ['seen_twice', false, []],
        ['seen_customers', false, []],
        ['customers', true, ['ssn']],
      ]),
    );
    expect(await compile('select id from orders')).toMatchObject({
      maskedColumns: null,
      text: 'select id from orders',
    });
    expect(
      ((await compile('select 1 from customers')) as RewrittenStatement).restsOn
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['customers', 'regions']);
  });

  it.each([
    ['select id from customers where exp(if(id = 5, 1000, 0)) > 0', [[1], [2], [3], [4]]],
    ["select id from customers where json_value(concat('{\"a\":', id, '}'), '$.a') = 2", [[2]]],
    [
      'select id from customers where (select o.id from orders o where o.customer_id = customers.id and customers.id > 4) is null order by id',
      [[1], [2], [3], [4]],
    ],
    [
      'select id from (select id, exp(if(id = 5, 1000, 0)) e from customers) x where e > 0 order by id',
      [[1], [2], [3], [4]],
    ],
    [
      'select c.id from orders o join customers c on o.customer_id = c.id and exp(if(c.name like "Verb%", 1000, 0)) > 0 order by o.id',
      [[1], [1], [2], [4]],
    ],
  ] as const)('tries no condition on rows that are hidden: %s', async (statement, rows) => {
    expect((await run(statement)).rows).toEqual(rows);
  });

  it('would meet the hidden row without the filter', async () => {
    const text = 'select id from customers where exp(if(id = 5, 1000, 0)) > 0';
    await expect(collect(source, request({ text }))).rejects.toMatchObject({ code: 'query.invalid_value' });
  });

  it('tries no condition of a change on rows that are hidden', async () => {
    const before = await state();
    try {
      const { affected } = await run(
        "update customers set name = 'x' where exp(if(id > 4, 1000, 0)) > 0",
        'write',
      );
      expect(affected).toBe(4);
      await restore(before);
      expect((await run('delete from customers where 1 / (id - 5) is not null', 'write')).affected).toBe(4);
    } finally {
      await restore(before);
    }
  });

  it('reads through a view like through its tables, and shows nothing of one that cannot be looked into', async () => {
    expect((await run('select * from secret_view order by token')).rows).toEqual([
      [null, null, null],
      ...['token-canary-1', 'token-canary-2', 'token-canary-2']
        .map(hmac)
        .toSorted()
        .map((token) => [null, null, token]),
    ]);
    expect((await run('select * from unreadable_view')).rows).toEqual(
      Array.from({ length: 6 }, () => [null, null]),
    );
    expect((await run('select again, email from definer_view where id = 1')).rows).toEqual([
      [null, 'al***@example.com'],
    ]);
    const compiled = await compile('select * from open_orders');
    expect(compiled).toMatchObject({ edits: [] });
  });

  it('asks for descriptions once for all that is reached', async () => {
    const fresh = new Descriptions(source);
    const rewriting = await rewriteOnSource(
      'mysql',
      {
        text: 'select * from seen_twice',
        searchPath: [database.database],
        policyOf,
        variables: new Map([['region', 'EU']]),
        hashKey,
      },
      fresh,
    );
    expect(rewriting.ok).toBe(true);
    expect(
      [...fresh.known.keys()]
        .map((one) => String((JSON.parse(one) as string[])[1]))
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(['customers', 'regions', 'seen_customers', 'seen_twice']);
  });

  it.each([
    ['a variable that the user lacks', { rowFilters: ['a = :nobody'] }],
    ['more than one expression', { rowFilters: ['a = 1) or (1 = 1'] }],
    ['two results', { rowFilters: ['1), (2'] }],
    ['a clause behind it', { rowFilters: ['1) from customers where (1'] }],
    ['a second statement', { rowFilters: ['1); select (1'] }],
    ['an unclosed string', { rowFilters: ["tenant = 'x"] }],
    ['an unclosed comment', { rowFilters: ['1 /* x'] }],
    ['a parameter', { rowFilters: ['id = ?'] }],
    ['a column that is not there', { rowFilters: ['gone = 1'] }],
    [
      'a column that is nowhere in a subquery',
      { rowFilters: ['exists (select 1 from regions where gone = 1)'] },
    ],
    ['a table that is not there', { rowFilters: ['id in (select 1 from gone)'] }],
    ['a mask of a column that is not there', { columns: new Map([['gone', mask('null')]]) }],
    [
      'a mask expression with a syntax error',
      {
        columns: new Map<string, ColumnPolicy>([
          ['a', { rule: 'mask', mask: 'expression', expression: 'a +' }],
        ]),
      },
    ],
  ])('shows nothing under a policy with %s', async (_name, policy) => {
    const broken: RelationPolicy = { rowFilters: [], columns: new Map(), ...policy };
    const rewriting = await rewriteOnSource(
      'mysql',
      {
        text: 'select * from (select 1 as gone) x, tenants',
        searchPath: [database.database],
        policyOf: ({ name }) => (name === 'tenants' ? broken : null),
        variables: new Map(),
        hashKey,
      },
      descriptions,
    );
    expect(rewriting).toMatchObject({ ok: false, refusal: { code: 'policy.broken' } });
  });

  it.each([
    "x' or '1'='1",
    "\\' or 1=1 -- ",
    '"; drop table tenants',
    "'",
    '\\',
    '\\\\',
    '`',
    '#',
    '-- ',
    '/*',
    '*/ or 1=1',
    '\n',
    '%',
    ':tenant',
    '?',
    '😀',
    '\u2028',
    '\x1a',
  ])('keeps the value %j inside its literal', async (value) => {
    const of = (tenant: string | number | boolean | null) =>
      rewriteOnSource(
        'mysql',
        {
          text: 'select id from tenants',
          searchPath: [database.database],
          policyOf,
          variables: new Map([['tenant', tenant]]),
          hashKey,
        },
        descriptions,
      );
    const rewriting = await of(value);
    const text = rewriting.ok ? rewriting.statement.text : '';
    expect((await collect(source, request({ text }))).rows).toEqual([]);
    await admin.query('insert into tenants (id, tenant) values (77, ?)', [value.slice(0, 10)]);
    const own = await of(value.slice(0, 10));
    expect((await collect(source, request({ text: own.ok ? own.statement.text : '' }))).rows).toEqual([[77]]);
    await admin.query('delete from tenants where id = 77');
  });

  it.each([[null], [true], [-1.5], [7]])('writes the value %j as what it is', async (value) => {
    const rewriting = await rewriteOnSource(
      'mysql',
      {
        text: 'select id from tenants',
        searchPath: [database.database],
        policyOf: ({ name }) =>
          name === 'tenants'
            ? { rowFilters: ["':x' = ':x' and `id` > 0 and :x <=> :x -- :y"], columns: new Map() }
            : null,
        variables: new Map([['x', value]]),
        hashKey,
      },
      descriptions,
    );
    const text = rewriting.ok ? rewriting.statement.text : '';
    expect((await collect(source, request({ text }))).rows).toEqual([[1], [2]]);
  });

  it('tells no plan in a form that prints conditions', async () => {
    const plan = await run("explain select * from customers where token = 'x'");
    expect(plan.names).toContain('possible_keys');
    for (const form of ['format=json', 'analyze'])
      expect(await compile(`explain ${form} select * from customers`)).toMatchObject({
        code: 'policy.unsupported',
      });
    expect(await compile('explain format=json select * from orders')).toMatchObject({ edits: [] });
  });

  const kept = ['customers', 'orders', 'copies', 'tenants'] as const;

  async function state(): Promise<Record<string, unknown>[][]> {
    const tables: Record<string, unknown>[][] = [];
    for (const table of kept)
      tables.push((await admin.query<RowDataPacket[]>(`select * from ${table} order by id`))[0]);
    return tables;
  }

  async function restore(tables: Record<string, unknown>[][]): Promise<void> {
    for (const [index, table] of kept.entries()) {
      await admin.query(`delete from ${table}`);
      for (const { doubled: _computed, ...row } of tables[index] ?? [])
        await admin.query(`insert into ${table} set ?`, [row]);
    }
  }
});
