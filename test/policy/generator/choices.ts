/**
 * A tape of numbers that decides everything about one statement. A number that is missing counts as 0, and 0 is the
 * simplest choice everywhere: shortening the tape and making its numbers smaller simplifies the statement, which is how
 * fast-check finds the smallest one that fails.
 */
export class Choices {
  #at = 0;

  constructor(private readonly tape: readonly number[]) {}

  number(below: number): number {
    const value = this.tape[this.#at] ?? 0;
    this.#at += 1;
    return value % below;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.number(from.length)] ?? from[0];
  }

  /** True in about so many of a hundred. */
  chance(percent: number): boolean {
    return this.number(100) >= 100 - percent;
  }
}
