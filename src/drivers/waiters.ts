/** Callers that wait until something has become true of a statement; they look again whenever they are told to. */
export class Waiters {
  #wakers: (() => void)[] = [];

  get none(): boolean {
    return this.#wakers.length === 0;
  }

  notify(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wakers.push(resolve);
      });
    }
  }
}
