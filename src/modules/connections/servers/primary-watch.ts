export type Sighting = 'primary' | 'replica' | 'down';

interface Seen {
  now: Sighting | null;
  role: 'primary' | 'replica' | null;
  /** The how manieth promotion was its own, seen as it happened; 0 for none. */
  promotion: number;
}

/**
 * Finds the one server that takes writes, from what each says of itself. Two that say so at once are disputed: the choice
 * between them is a person's. A dispute outlives a rival that merely goes away, for it may be the wrong one that is left:
 * it ends when all but one were seen as replicas, or when the one that is left was the primary before, or was
 * promoted under our eyes.
 */
export class PrimaryWatch {
  private readonly seen: Seen[];
  private readonly rivals = new Set<number>();
  private promotions = 0;
  private known: number | null = null;

  constructor(servers: number) {
    this.seen = Array.from({ length: servers }, () => ({ now: null, role: null, promotion: 0 }));
  }

  note(place: number, sighting: Sighting): void {
    const seen = this.seen[place]!;
    seen.now = sighting;
    if (sighting === 'replica') {
      seen.promotion = 0;
      this.rivals.delete(place);
      if (this.known === place) this.known = null;
    }
    if (sighting === 'primary' && seen.role === 'replica') seen.promotion = ++this.promotions;
    if (sighting !== 'down') seen.role = sighting;
    this.judge();
  }

  /** The one that takes writes; in a dispute the one that did before, when it still says so. */
  get primary(): number | null {
    return this.known !== null && this.seen[this.known]!.now === 'primary' ? this.known : null;
  }

  get disputed(): boolean {
    return this.rivals.size > 1;
  }

  /** Whether it says that it takes writes while another one does. */
  isRival(place: number): boolean {
    return this.disputed && this.rivals.has(place);
  }

  private judge(): void {
    // Who answers first is not the only one for that.
    if (this.seen.some(({ now }) => now === null)) return;
    const writable = this.seen.flatMap(({ now }, place) => (now === 'primary' ? [place] : []));
    if (writable.length > 1) for (const place of writable) this.rivals.add(place);
    const [only] = writable;
    if (writable.length !== 1 || only === undefined) return;
    if (this.rivals.size > 1 && !this.isRight(only)) return;
    this.known = only;
    this.rivals.clear();
  }

  private isRight(place: number): boolean {
    const before = this.known === null ? 0 : this.seen[this.known]!.promotion;
    return place === this.known || this.seen[place]!.promotion > before;
  }
}
