import { cardNumber } from './card-number';
import { places } from './places.data';
import type { Random } from './random';
import type { Customer } from './shop';
import { dayBetween, timeBetween } from './time-between';
import { firstNames, lastNames } from './words.data';

/** People who do not exist: addresses at example domains (RFC 2606), phone numbers kept for fiction, test cards. */
export function generateCustomers(random: Random, count: number): Customer[] {
  return Array.from({ length: count }, (_, index): Customer => {
    const first = random.pick(firstNames);
    const last = random.pick(lastNames);
    const place = random.pick(places);
    const [city, postalCode] = random.pick(place.cities);
    return {
      id: index + 1,
      first_name: first,
      last_name: last,
      email: `${asciiOf(first)}.${asciiOf(last)}${index + 1}@example.${random.pick(['com', 'net', 'org'])}`,
      phone: place.phone(random),
      card_number: cardNumber(random),
      street: place.address(random.pick(place.streets), random.integer(1, 180)),
      city,
      postal_code: postalCode,
      country: place.country,
      birth_date: dayBetween(random, '1942-01-01', '2007-12-31'),
      newsletter: random.chance(0.4),
      created_at: timeBetween(random, '2022-01-01', '2024-12-31'),
    };
  });
}

function asciiOf(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll('ø', 'o')
    .replaceAll(/[^a-z]/gi, '')
    .toLowerCase();
}
