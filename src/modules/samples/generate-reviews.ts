import type { Random } from './random';
import type { Order, OrderItem, Review } from './shop';
import { hoursLater } from './time-between';
import { opinions } from './words.data';

/** By people who have bought the thing, after it arrived, mostly content; one review for each person and thing. */
export function generateReviews(
  random: Random,
  orders: readonly Order[],
  items: readonly OrderItem[],
): Review[] {
  const delivered = new Map(
    orders.filter(({ status }) => status === 'delivered').map((order) => [order.id, order]),
  );
  const seen = new Set<string>();
  const reviews: Review[] = [];
  for (const item of items) {
    const order = delivered.get(item.order_id);
    const key = `${order?.customer_id}:${item.product_id}`;
    if (!order?.shipped_at || seen.has(key) || !random.chance(0.15)) continue;
    seen.add(key);
    const rating = random.pick([1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5]);
    const [title, body] = random.pick(opinions[rating] ?? []);
    reviews.push({
      id: reviews.length + 1,
      product_id: item.product_id,
      customer_id: order.customer_id,
      rating,
      title,
      body,
      created_at: hoursLater(order.shipped_at, random.integer(48, 720)),
    });
  }
  return reviews;
}
