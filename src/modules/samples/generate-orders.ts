import type { Random } from './random';
import type { Customer, Order, OrderItem, OrderStatus, Payment, Product } from './shop';
import { hoursLater, timeBetween } from './time-between';
import { orderNotes } from './words.data';

interface Sales {
  readonly orders: Order[];
  readonly order_items: OrderItem[];
  readonly payments: Payment[];
}

/** More of them delivered than anything else. */
const statuses: readonly OrderStatus[] = [
  ...Array.from({ length: 12 }, () => 'delivered' as const),
  ...(['shipped', 'shipped', 'paid', 'paid', 'pending', 'cancelled'] as const),
];
const shippedStatuses: readonly OrderStatus[] = ['shipped', 'delivered'];

/** In the order of time: the total is the sum of the lines, what is not pending was paid, what was cancelled refunded. */
export function generateOrders(
  random: Random,
  customers: readonly Customer[],
  products: readonly Product[],
  count: number,
): Sales {
  const sales: Sales = { orders: [], order_items: [], payments: [] };
  const drafts = Array.from({ length: count }, () => {
    // the smaller of two: some customers buy often, many once
    const customer = customers[Math.min(...[0, 1].map(() => random.integer(0, customers.length - 1)))];
    return { customer: customer as Customer, orderedAt: timeBetween(random, '2025-01-01', '2026-07-01') };
  }).toSorted((one, other) => one.orderedAt.localeCompare(other.orderedAt));
  for (const [index, { customer, orderedAt }] of drafts.entries()) {
    const id = index + 1;
    const items = generateItems(random, id, products);
    const status = random.pick(statuses);
    const order: Order = {
      id,
      customer_id: customer.id,
      status,
      total: items.reduce((sum, item) => sum + item.quantity * item.unit_price, 0),
      note: random.chance(0.1) ? random.pick(orderNotes) : null,
      ordered_at: orderedAt,
      shipped_at: shippedStatuses.includes(status) ? hoursLater(orderedAt, random.integer(6, 120)) : null,
    };
    sales.orders.push(order);
    sales.order_items.push(...items);
    if (status !== 'pending') sales.payments.push(pay(random, sales.payments.length + 1, order, customer));
  }
  return sales;
}

function generateItems(random: Random, orderId: number, products: readonly Product[]): OrderItem[] {
  const chosen = new Set(Array.from({ length: random.integer(1, 5) }, () => random.pick(products)));
  return [...chosen].map((product, index) => ({
    order_id: orderId,
    line_no: index + 1,
    product_id: product.id,
    quantity: random.chance(0.75) ? 1 : random.integer(2, 6),
    unit_price: product.price,
  }));
}

function pay(random: Random, id: number, order: Order, customer: Customer): Payment {
  const method = random.pick(['card', 'card', 'card', 'transfer', 'voucher'] as const);
  return {
    id,
    order_id: order.id,
    method,
    card_last_four: method === 'card' ? customer.card_number.slice(-4) : null,
    amount: order.total,
    status: order.status === 'cancelled' ? 'refunded' : 'captured',
    paid_at: hoursLater(order.ordered_at, random.integer(0, 4)),
  };
}
