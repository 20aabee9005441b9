import { createHmac } from 'node:crypto';
import type { ColumnPolicy } from '../../src/sql/policy/relation-policy';
import type { Viewer } from './rewrite-on-source';

/** The key under which the helper rewrites. */
export const hashKey = Buffer.alloc(32, 7);

/** Values that no answer to the viewer may hold, in any simple encoding. */
export const canaries = [
  'CANARYMAIL',
  'CANARYSSN',
  'CANARYNAME',
  'CANARYTOKEN',
  'CANARYBIO',
  'CANARYNOTE',
  'CANARYEU',
  'CANARYBODY',
  'CANARYHIDDEN',
  '5550001111',
  '4000123412341234',
  '98765.25',
  '77123',
  '1977-03-09',
];

const views = `
  create view customer_list as select id, name, email, ssn, region from customers;
  create view joined (cid, mail, amount) as
    select c.id, lower(c.email), o.total from customers as c join orders o on o.customer_id = c.id;
  create view nested as select * from joined where amount > 0;
  create view totals as with per as (select customer_id, sum(total) as s from orders group by customer_id)
    select customer_id, s from per;
  create view titles as select id, title from products -- the end
  ;`;

/** The real database. */
export const schema = `
  create table customers (id integer primary key, name text, email text collate nocase, phone text, card text, ssn text,
    token text, bio text, note text, born text, region text not null,
    initials text as (substr(ssn, 1, 6) || region) virtual);
  create table orders (id integer primary key, customer_id integer references customers(id), total real, note text,
    region text);
  create index orders_total on orders (total);
  create index customers_ssn on customers (ssn);
  create table staff (code text primary key, dept text, salary integer, boss text) without rowid;
  create table members (username text, dept text);
  create table products (id integer primary key, title text, price numeric(8,2), region text);
  create table logs (id integer primary key, line text);
  create table computed (id integer primary key, base text, kind text generated always as (upper(base)) virtual, v text);
  create table docs (id integer primary key, title text, body text);
  create virtual table docs_search using fts5 (title, body, content = 'docs', content_rowid = 'id');
  create virtual table docs_words using fts5vocab ('docs_search', 'row');
  create virtual table notes using fts5 (body);
  ${views}
  create view outlook as select id, email || changes() as mail from customers;
  create view outlook_orders as select id, note || changes() as note from orders;
  insert into customers (id, name, email, phone, card, ssn, token, bio, note, born, region) values
    (1, 'CANARYNAME Ann', 'CANARYMAIL1@example.com', '5550001111', '4000123412341234', 'CANARYSSN1', 'CANARYTOKEN1', 'CANARYBIO1', 'CANARYNOTE1', '1977-03-09', 'EU'),
    (2, 'Bob CANARYNAME', 'bCANARYMAIL2@example.org', null, null, 'CANARYSSN2', 'CANARYTOKEN1', null, null, '1980-01-01', 'US'),
    (3, null, null, '123', '99', null, null, 'x', 'CANARYNOTE3', null, 'EU');
  insert into orders values (1, 1, 10.5, 'open', 'EU'), (2, 1, 20, null, 'EU'), (3, 2, 98765.25, 'CANARYHIDDEN', 'US'),
    (4, 3, 7, 'late', 'EU'), (5, 2, -9223372036854775808, '{CANARYHIDDEN', 'US');
  insert into staff values ('a', 'shop', 77123, null), ('b', 'shop', 771231, 'a'), ('z', 'board', 771232, 'CANARYHIDDEN');
  insert into members values ('ann', 'shop'), ('zoe', 'board');
  insert into products values (1, 'Tea', 2.5, 'EU'), (2, 'Cup', 8, 'US'), (3, 'Pot', 8, 'EU');
  insert into logs values (1, 'start');
  insert into computed (id, base, v) values (1, 'a', 'one'), (2, 'b', 'CANARYHIDDEN');
  insert into docs values (1, 'one', 'CANARYBODY text'), (2, 'two', 'other CANARYBODY');
  insert into docs_search (docs_search) values ('rebuild');
  insert into notes values ('hello world'), ('hello sea');
  analyze;
`;

const hash = (text: string): string => `'${createHmac('sha256', hashKey).update(text).digest('hex')}'`;

/**
 * What the viewer should meet, as a database of its own, written by hand: an honest statement through the gate gives
 * the rows that it gives here.
 */
export const reference = `
  create table customers (id integer primary key, name text, email text, phone text, card text,
    token text, bio text, note text, born, region text not null, initials text);
  create table orders (id integer primary key, customer_id integer, total real, note text, region text);
  create index orders_total on orders (total);
  create table staff (code text primary key, dept text, salary integer, boss text) without rowid;
  create table members (username text, dept text);
  create table products (id integer primary key, title text, price numeric(8,2), region text);
  create table logs (id integer primary key, line text);
  create table computed (id integer primary key, base text, kind text, v text);
  create table docs (id integer primary key, title text, body text);
  create virtual table notes using fts5 (body);
  ${views.replace('id, name, email, ssn, region from', 'id, name, email, null as ssn, region from')}
  insert into customers (id, name, email, phone, card, token, bio, note, born, region) values
    (1, 'C***', 'CA***@example.com', '555***1111', '4000***1234', ${hash('CANARYTOKEN1')}, '***', null, '1977', 'EU'),
    (2, 'B***', 'bC***@example.org', null, null, ${hash('CANARYTOKEN1')}, null, null, '1980', 'US'),
    (3, null, null, '***', '***', null, '***', null, null, 'EU');
  insert into orders values (1, 1, 10.5, 'open', 'EU'), (2, 1, 20, null, 'EU'), (4, 3, 7, 'late', 'EU');
  insert into staff values ('a', 'shop', null, null), ('b', 'shop', null, 'a');
  insert into members values ('ann', 'shop'), ('zoe', 'board');
  insert into products values (1, 'Tea', 2.5, 'EU'), (2, 'Cup', 8, 'US'), (3, 'Pot', 8, 'EU');
  insert into logs values (1, 'start');
  insert into computed values (1, 'a', 'A', 'one');
  insert into docs values (1, 'one', '***'), (2, 'two', '***');
  insert into notes values ('hello world'), ('hello sea');
`;

interface Policy {
  readonly rowFilters?: readonly string[];
  readonly columns?: Readonly<Record<string, ColumnPolicy>>;
}

const policies: Readonly<Record<string, Policy>> = {
  customers: {
    columns: {
      name: { rule: 'mask', mask: 'name' },
      email: { rule: 'mask', mask: 'email' },
      phone: { rule: 'mask', mask: 'phone' },
      card: { rule: 'mask', mask: 'card_number' },
      ssn: { rule: 'deny' },
      token: { rule: 'mask', mask: 'hash' },
      bio: { rule: 'mask', mask: 'full' },
      note: { rule: 'mask', mask: 'null' },
      born: { rule: 'mask', mask: 'expression', expression: 'substr(born, 1, 4) -- the year /*' },
    },
  },
  orders: { rowFilters: ['region = :region or :region is null -- one region'] },
  staff: {
    rowFilters: ['exists (select 1 from members m where m.dept = staff.dept and m.username = :username)'],
    columns: { salary: { rule: 'mask', mask: 'null' } },
  },
  computed: { rowFilters: ["kind = 'A'"] },
  docs: { columns: { body: { rule: 'mask', mask: 'full' } } },
};

export const viewer: Viewer = {
  dialect: 'sqlite',
  searchPath: [],
  policyOf: ({ name }) => {
    const policy = policies[name];
    return policy
      ? { rowFilters: policy.rowFilters ?? [], columns: new Map(Object.entries(policy.columns ?? {})) }
      : null;
  },
  variables: new Map<string, string | number | boolean | null>([
    ['region', 'EU'],
    ['username', 'ann'],
  ]),
};
