import type { Shop, TableName } from './shop';

export type ColumnKind = 'id' | 'integer' | 'text' | 'money' | 'boolean' | 'date' | 'time' | 'json';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly comment: string;
  readonly nullable?: true;
  readonly unique?: true;
  readonly references?: TableName;
  /** An SQL condition that every engine understands. */
  readonly check?: string;
}

export interface Table<Name extends TableName = TableName> {
  readonly name: Name;
  readonly comment: string;
  readonly columns: readonly (Column & { readonly name: keyof Shop[Name][number] & string })[];
  /** Where it is not the column of kind `id`. */
  readonly primaryKey?: readonly string[];
  readonly indexes: readonly (readonly string[])[];
}

type AnyTable = { [Name in TableName]: Table<Name> }[TableName];

/** In an order in which they can be made and filled: what is referred to comes first. */
export const shopTables: readonly AnyTable[] = [
  {
    name: 'customers',
    comment: 'People who have an account in the shop',
    columns: [
      { name: 'id', kind: 'id', comment: 'Customer number' },
      { name: 'first_name', kind: 'text', comment: 'Given name' },
      { name: 'last_name', kind: 'text', comment: 'Family name' },
      { name: 'email', kind: 'text', unique: true, comment: 'E-mail address, the log-in name' },
      { name: 'phone', kind: 'text', comment: 'Phone number in international form' },
      { name: 'card_number', kind: 'text', comment: 'Number of the stored payment card' },
      { name: 'street', kind: 'text', comment: 'Street and house number' },
      { name: 'city', kind: 'text', comment: 'Town' },
      { name: 'postal_code', kind: 'text', comment: 'Postal code' },
      { name: 'country', kind: 'text', comment: 'Country, ISO 3166-1 alpha-2' },
      { name: 'birth_date', kind: 'date', comment: 'Date of birth' },
      { name: 'newsletter', kind: 'boolean', comment: 'Whether the newsletter is wanted' },
      { name: 'created_at', kind: 'time', comment: 'When the account was opened' },
    ],
    indexes: [['last_name', 'first_name'], ['country']],
  },
  {
    name: 'products',
    comment: 'What the shop sells, or has sold',
    columns: [
      { name: 'id', kind: 'id', comment: 'Product number' },
      { name: 'sku', kind: 'text', unique: true, comment: 'Stock-keeping unit, printed on the label' },
      { name: 'name', kind: 'text', comment: 'Name in the catalogue' },
      { name: 'category', kind: 'text', comment: 'Department' },
      { name: 'price', kind: 'money', check: 'price >= 0', comment: 'Price today, in euros' },
      { name: 'cost', kind: 'money', comment: 'What the shop pays for it, in euros; confidential' },
      { name: 'stock', kind: 'integer', check: 'stock >= 0', comment: 'Pieces in the warehouse' },
      { name: 'active', kind: 'boolean', comment: 'Whether it is on sale' },
      { name: 'attributes', kind: 'json', comment: 'Colour, weight in grams, whether it is handmade' },
    ],
    indexes: [['category']],
  },
  {
    name: 'orders',
    comment: 'One order of one customer',
    columns: [
      { name: 'id', kind: 'id', comment: 'Order number' },
      { name: 'customer_id', kind: 'integer', references: 'customers', comment: 'Who ordered' },
      {
        name: 'status',
        kind: 'text',
        check: "status in ('pending', 'paid', 'shipped', 'delivered', 'cancelled')",
        comment: 'How far it has come',
      },
      { name: 'total', kind: 'money', check: 'total >= 0', comment: 'Sum of the lines, in euros' },
      { name: 'note', kind: 'text', nullable: true, comment: 'What the customer wrote' },
      { name: 'ordered_at', kind: 'time', comment: 'When it was placed' },
      { name: 'shipped_at', kind: 'time', nullable: true, comment: 'When it left the warehouse' },
    ],
    indexes: [['customer_id'], ['ordered_at'], ['status']],
  },
  {
    name: 'order_items',
    comment: 'Lines of orders',
    columns: [
      { name: 'order_id', kind: 'integer', references: 'orders', comment: 'Order number' },
      { name: 'line_no', kind: 'integer', comment: 'Place within the order, from 1' },
      { name: 'product_id', kind: 'integer', references: 'products', comment: 'What was ordered' },
      { name: 'quantity', kind: 'integer', check: 'quantity > 0', comment: 'Pieces' },
      { name: 'unit_price', kind: 'money', comment: 'Price of one piece when it was ordered, in euros' },
    ],
    primaryKey: ['order_id', 'line_no'],
    indexes: [['product_id']],
  },
  {
    name: 'payments',
    comment: 'Money received, and given back',
    columns: [
      { name: 'id', kind: 'id', comment: 'Payment number' },
      { name: 'order_id', kind: 'integer', references: 'orders', comment: 'What it pays for' },
      { name: 'method', kind: 'text', check: "method in ('card', 'transfer', 'voucher')", comment: 'How' },
      { name: 'card_last_four', kind: 'text', nullable: true, comment: 'End of the card number' },
      { name: 'amount', kind: 'money', comment: 'In euros' },
      {
        name: 'status',
        kind: 'text',
        check: "status in ('captured', 'refunded')",
        comment: 'Kept or returned',
      },
      { name: 'paid_at', kind: 'time', comment: 'When it arrived' },
    ],
    indexes: [['order_id']],
  },
  {
    name: 'reviews',
    comment: 'What customers say about what they bought',
    columns: [
      { name: 'id', kind: 'id', comment: 'Review number' },
      { name: 'product_id', kind: 'integer', references: 'products', comment: 'About what' },
      { name: 'customer_id', kind: 'integer', references: 'customers', comment: 'By whom' },
      { name: 'rating', kind: 'integer', check: 'rating between 1 and 5', comment: 'Stars, 1 to 5' },
      { name: 'title', kind: 'text', comment: 'Headline' },
      { name: 'body', kind: 'text', comment: 'Text' },
      { name: 'created_at', kind: 'time', comment: 'When it was written' },
    ],
    indexes: [['product_id'], ['customer_id']],
  },
];

export const shopView = {
  name: 'order_summaries',
  comment: 'Orders with the customer’s name, e-mail address and the number of pieces',
  /** `prefix` is put before the names of tables: a schema and a dot, or nothing. */
  select: (prefix: string) => `select o.id as order_id, o.ordered_at, o.status, o.total,
  c.first_name || ' ' || c.last_name as customer, c.email, c.country,
  (select sum(i.quantity) from ${prefix}order_items i where i.order_id = o.id) as pieces
from ${prefix}orders o
join ${prefix}customers c on c.id = o.customer_id`,
};
