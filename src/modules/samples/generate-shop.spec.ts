import { luhnCheckDigit } from './card-number';
import { generateShop } from './generate-shop';

const shop = generateShop();

function sumBy<T>(
  rows: readonly T[],
  key: (row: T) => number,
  value: (row: T) => number,
): Map<number, number> {
  const sums = new Map<number, number>();
  for (const row of rows) sums.set(key(row), (sums.get(key(row)) ?? 0) + value(row));
  return sums;
}

describe('generateShop', () => {
  it('is the same for the same seed and another one for another seed', () => {
    expect(generateShop()).toEqual(shop);
    expect(generateShop({ seed: 7 }).customers[0]).not.toEqual(shop.customers[0]);
  });

  it('has the size that was asked for', () => {
    expect(shop.customers).toHaveLength(500);
    expect(shop.orders).toHaveLength(3000);
    expect(shop.products).toHaveLength(120);
    expect(shop.order_items.length).toBeGreaterThan(6000);
    expect(shop.reviews.length).toBeGreaterThan(400);
    const small = generateShop({ customers: 3, orders: 5 });
    expect([small.customers.length, small.orders.length]).toEqual([3, 5]);
  });

  it('makes people who can be told apart and cannot exist', () => {
    expect(new Set(shop.customers.map(({ email }) => email)).size).toBe(500);
    for (const customer of shop.customers) {
      expect(customer.email).toMatch(/^[a-z]+\.[a-z]+\d+@example\.(com|net|org)$/);
      expect(customer.phone).toMatch(
        /^(\+1-202-555-01\d\d|\+44 20 7946 0\d{3}|\+49 30 23125 \d{3}|\+33 1 99 00 \d\d \d\d)$/,
      );
      expect(customer.card_number).toMatch(/^(4000000?\d{9,10}|555555\d{10}|378282\d{9})$/);
      expect(luhnCheckDigit(customer.card_number.slice(0, -1))).toBe(Number(customer.card_number.at(-1)));
      expect(customer.birth_date).toMatch(/^(19|20)\d\d-\d\d-\d\d$/);
    }
  });

  it('keeps its books: totals, payments, refunds and dates agree', () => {
    const lines = sumBy(
      shop.order_items,
      (item) => item.order_id,
      (item) => item.quantity * item.unit_price,
    );
    const paid = sumBy(
      shop.payments,
      (payment) => payment.order_id,
      (payment) => payment.amount,
    );
    for (const order of shop.orders) {
      expect(order.total).toBe(lines.get(order.id));
      expect(paid.get(order.id)).toBe(order.status === 'pending' ? undefined : order.total);
      expect(order.shipped_at !== null).toBe(['shipped', 'delivered'].includes(order.status));
      const customer = shop.customers[order.customer_id - 1];
      expect(Date.parse(order.ordered_at)).toBeGreaterThan(Date.parse(customer?.created_at ?? ''));
    }
    const cancelled = shop.orders.filter(({ status }) => status === 'cancelled').length;
    expect(shop.payments.filter(({ status }) => status === 'refunded')).toHaveLength(cancelled);
  });

  it('lets only those review who have bought, once', () => {
    const bought = new Set(
      shop.order_items.map((item) => `${shop.orders[item.order_id - 1]?.customer_id}:${item.product_id}`),
    );
    const reviewed = shop.reviews.map((review) => `${review.customer_id}:${review.product_id}`);
    expect(reviewed.filter((key) => !bought.has(key))).toEqual([]);
    expect(new Set(reviewed).size).toBe(reviewed.length);
  });
});

describe('luhnCheckDigit', () => {
  it.each(['4242424242424242', '5555555555554444', '378282246310005'])('agrees with %s', (number) => {
    expect(luhnCheckDigit(number.slice(0, -1))).toBe(Number(number.at(-1)));
  });
});
