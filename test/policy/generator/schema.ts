export type ValueType = 'text' | 'number' | 'date';

export interface Column {
  readonly name: string;
  readonly type: ValueType;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Columns that the policies deny: named now and then, and then refused. */
  readonly denied: readonly Column[];
}

function table(name: string, columns: string, denied = ''): Table {
  const read = (list: string): Column[] =>
    list
      .split(' ')
      .filter(Boolean)
      .map((each) => {
        const [column = '', type = 'text'] = each.split(':');
        return { name: column, type: type === 'n' ? 'number' : type === 'd' ? 'date' : 'text' };
      });
  return { name, columns: read(columns), denied: read(denied) };
}

/**
 * Those with protected columns and rows come first: they are what a tape of small numbers asks for. `national_id` is
 * left out: a keyed hash is another one on each connection, and so in each world.
 */
export const sharedTables = [
  table(
    'customers',
    'id:n email name phone card salary:n notes birth:d city country tenant credit_limit:n',
    'api_token',
  ),
  table('orders', 'id:n customer_id:n status total:n placed_at:d region promo', 'internal_margin:n'),
  table('employees', 'id:n salary:n review name title department manager_id:n hired_on:d'),
  table('documents', 'id:n title body'),
  table('contracts', 'id:n title body signed_by'),
  table('events', 'id:n customer_id:n kind happened_on:d'),
  table('v_customers', 'id:n email name salary:n city tenant'),
  table('v_contacts', 'id:n contact label'),
  table('v_order_totals', 'customer_id:n name city orders:n total:n'),
  table('v_margins', 'id:n total:n internal_margin:n spread:n'),
  table('products', 'id:n name category price:n stock:n description'),
  table('order_items', 'id:n order_id:n product_id:n quantity:n unit_price:n'),
] as const;

export const partitions = [
  table('events_q1', 'id:n customer_id:n kind happened_on:d'),
  table('events_q2', 'id:n customer_id:n kind happened_on:d'),
] as const;
