/** Pseudo-random choices that are the same for the same seed, on every platform. Never for anything secret. */
export interface Random {
  /** A whole number, both ends included. */
  integer(min: number, max: number): number;
  pick<T>(from: readonly T[]): T;
  /** True in that share of cases, 0 to 1. */
  chance(share: number): boolean;
  /** As many digits as asked for. */
  digits(count: number): string;
}

/** Mulberry32: 32 bits of state, enough for samples. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    integer,
    pick: (from) => {
      if (from.length === 0) throw new RangeError('there is nothing to pick from');
      return from[integer(0, from.length - 1)] as (typeof from)[number];
    },
    chance: (share) => next() < share,
    digits: (count) => Array.from({ length: count }, () => integer(0, 9)).join(''),
  };
}
