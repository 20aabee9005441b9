import type { Random } from './random';

/** Issuer prefixes that payment providers use in their test numbers, with the length of the number. */
const testIssuers = [
  { prefix: '400000', length: 16 },
  { prefix: '555555', length: 16 },
  { prefix: '378282', length: 15 },
] as const;

/** A number of a card that does not exist, with the right length and check digit. */
export function cardNumber(random: Random): string {
  const { prefix, length } = random.pick(testIssuers);
  const body = prefix + random.digits(length - prefix.length - 1);
  return body + luhnCheckDigit(body);
}

/** The digit that makes `body` followed by it valid (ISO/IEC 7812-1, annex B). */
export function luhnCheckDigit(body: string): number {
  const sum = body
    .split('')
    .toReversed()
    .reduce((total, digit, index) => {
      const value = index % 2 === 0 ? Number(digit) * 2 : Number(digit);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return (10 - (sum % 10)) % 10;
}
