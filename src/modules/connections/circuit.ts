export interface CircuitOptions {
  /** Failures in a row before the circuit opens. */
  readonly threshold: number;
  readonly firstDelayMs: number;
  readonly mostDelayMs: number;
}

export const defaultCircuit: CircuitOptions = { threshold: 3, firstDelayMs: 500, mostDelayMs: 30_000 };

/**
 * Keeps a database that is down from being asked by every request. Closed: everybody may try. Open: nobody, until a
 * jittered delay that doubles with each failure is over; then half-open: one may try, and its outcome decides.
 */
export class Circuit {
  private failures = 0;
  private openUntil = 0;
  private probing = false;

  constructor(
    private readonly options: CircuitOptions = defaultCircuit,
    private readonly now: () => number = Date.now,
    private readonly random: () => number = Math.random,
  ) {}

  get state(): 'closed' | 'open' | 'half_open' {
    if (this.failures < this.options.threshold) return 'closed';
    return this.probing || this.now() >= this.openUntil ? 'half_open' : 'open';
  }

  /** Milliseconds until a try is allowed; 0 when it is allowed now (and counts as the probe, if half-open). */
  tryAfterMs(): number {
    if (this.state === 'closed') return 0;
    if (this.probing) return Math.max(1, this.options.firstDelayMs);
    const wait = this.openUntil - this.now();
    if (wait > 0) return wait;
    this.probing = true;
    return 0;
  }

  succeeded(): void {
    this.failures = 0;
    this.probing = false;
  }

  failed(): void {
    this.failures++;
    this.probing = false;
    const exponent = Math.max(0, this.failures - this.options.threshold);
    const delay = Math.min(this.options.mostDelayMs, this.options.firstDelayMs * 2 ** Math.min(exponent, 20));
    // Full delay less up to half: replicas that saw the same failure do not come back at the same moment.
    this.openUntil = this.now() + delay * (1 - this.random() / 2);
  }

  /** A try that ended without a verdict, e.g. because the caller gave up. */
  abandoned(): void {
    this.probing = false;
  }
}
