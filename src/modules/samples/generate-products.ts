import type { Random } from './random';
import type { Product } from './shop';
import { colours, goods, qualities } from './words.data';

/** Every thing in every quality. */
export function generateProducts(random: Random): Product[] {
  const kinds = goods.flatMap(([category, things, from, to]) =>
    things.flatMap((thing) => qualities.map((quality) => ({ category, thing, quality, from, to }))),
  );
  return kinds.map(({ category, thing, quality, from, to }, index): Product => {
    const price = Math.round(random.integer(from, to) / 50) * 50 - 1;
    return {
      id: index + 1,
      sku: `${category.slice(0, 3).toUpperCase()}-${String(index + 1).padStart(4, '0')}`,
      name: `${thing}, ${quality.toLowerCase()}`,
      category,
      price,
      cost: Math.round((price * random.integer(35, 70)) / 100),
      stock: random.chance(0.08) ? 0 : random.integer(1, 400),
      active: random.chance(0.95),
      attributes: JSON.stringify({
        colour: random.pick(colours),
        weightGrams: random.integer(5, 400) * 10,
        handmade: random.chance(0.2),
      }),
    };
  });
}
