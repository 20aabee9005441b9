import { generateCustomers } from './generate-customers';
import { generateOrders } from './generate-orders';
import { generateProducts } from './generate-products';
import { generateReviews } from './generate-reviews';
import { createRandom } from './random';
import type { Shop } from './shop';

/** A small shop with consistent books, always the same for the same seed. About 15,000 rows in all. */
export function generateShop({
  seed = 20_260_101,
  customers: people = 500,
  orders: sales = 3000,
} = {}): Shop {
  const random = createRandom(seed);
  const customers = generateCustomers(random, people);
  const products = generateProducts(random);
  const { orders, order_items, payments } = generateOrders(random, customers, products, sales);
  return {
    customers,
    products,
    orders,
    order_items,
    payments,
    reviews: generateReviews(random, orders, order_items),
  };
}
