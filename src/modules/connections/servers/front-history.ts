interface Stretch {
  readonly position: string;
  /** When the primary was last known to have no more than this. */
  until: number;
}

/** A look at the primary every second for longer than any limit of lag. */
const MAX_STRETCHES = 700;

/**
 * Where the primary was, and until when. So the lag of a replica is told without a clock but our own, and an idle primary
 * makes nobody late: whoever is where the primary was at a moment has everything that was written up to it.
 */
export class FrontHistory {
  private stretches: Stretch[] = [];

  constructor(private readonly covers: (position: string, wanted: string) => boolean) {}

  /** @param at in milliseconds, before the server was asked: by then it had no more than what it answers */
  note(position: string, at: number): void {
    const last = this.stretches.at(-1);
    if (last?.position === position) last.until = at;
    else this.stretches.push({ position, until: at });
    if (this.stretches.length > MAX_STRETCHES) this.stretches.shift();
  }

  /** Without a primary the farthest replica is the measure. */
  noteFarthest(position: string, at: number): void {
    const last = this.stretches.at(-1);
    if (!last || this.covers(position, last.position)) this.note(position, at);
  }

  /** Milliseconds whose writes may be missing at `position`; `null` when it lacks more than is known. */
  lagOf(position: string, now: number): number | null {
    for (let index = this.stretches.length - 1; index >= 0; index--) {
      const { position: front, until } = this.stretches[index]!;
      if (this.covers(position, front))
        return index === this.stretches.length - 1 ? 0 : Math.max(0, now - until);
    }
    return null;
  }

  /** Another primary counts from where it is. */
  clear(): void {
    this.stretches = [];
  }
}
