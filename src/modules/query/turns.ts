/** Who waits, by user: users take turns, however many of each of them wait. */
export class Turns<Waiter> {
  #count = 0;
  /** The user whose turn is next comes first. */
  readonly #users = new Map<string, Set<Waiter>>();

  get count(): number {
    return this.#count;
  }

  countOf(user: string): number {
    return this.#users.get(user)?.size ?? 0;
  }

  add(user: string, waiter: Waiter): void {
    const own = this.#users.get(user);
    if (own) own.add(waiter);
    else this.#users.set(user, new Set([waiter]));
    this.#count += 1;
  }

  remove(user: string, waiter: Waiter): void {
    const own = this.#users.get(user);
    if (!own?.delete(waiter)) return;
    this.#count -= 1;
    if (own.size === 0) this.#users.delete(user);
  }

  /** Takes out whose turn it is; a user who had one goes to the end of the row. */
  next(): Waiter | undefined {
    const [next] = this.#users;
    if (!next) return undefined;
    const [user, waiters] = next;
    const [waiter] = waiters;
    if (waiter !== undefined) this.remove(user, waiter);
    if (this.#users.delete(user)) this.#users.set(user, waiters);
    return waiter;
  }
}
