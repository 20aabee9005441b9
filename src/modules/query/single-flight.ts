import { isAppError } from '../../common/app-error';
import { unlessAborted } from '../../drivers/unless-aborted';

/** What a leader got, and whether it is an answer for others too. */
export interface Flown<T> {
  readonly value: T;
  readonly isForAll: boolean;
}

/** `left`: the leader was stopped before it had an answer; `alone`: what it got is its own. */
type Landing<T> = { readonly value: T } | 'left' | 'alone';

/** The leader's own end, not that of the statement. */
const ownEnds: ReadonlySet<string> = new Set([
  'query.timeout',
  'query.cancelled',
  'permission.revoked',
  'service.shutting_down',
]);

/** Lets one do what many ask for at the same time. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Promise<Landing<T>>>();

  /**
   * The first leads: it does the work under its own signal, and its failure is its own. The others wait, each under its own
   * signal. When the leader is stopped one of them leads; when it fails otherwise, each does the work itself, at the same
   * time as the others: what fails is not shared.
   */
  async run(
    key: string,
    signal: AbortSignal,
    work: () => Promise<Flown<T>>,
  ): Promise<{ readonly value: T; readonly followed: boolean }> {
    for (;;) {
      const flight = this.flights.get(key);
      if (!flight) return { value: await this.lead(key, work), followed: false };
      const landing = await unlessAborted(flight, signal);
      if (landing === 'alone') return { value: (await work()).value, followed: false };
      if (landing !== 'left') return { value: landing.value, followed: true };
    }
  }

  private async lead(key: string, work: () => Promise<Flown<T>>): Promise<T> {
    let land: (landing: Landing<T>) => void = () => undefined;
    this.flights.set(
      key,
      new Promise((resolve) => {
        land = resolve;
      }),
    );
    let landing: Landing<T> = 'alone';
    try {
      const { value, isForAll } = await work();
      if (isForAll) landing = { value };
      return value;
    } catch (error) {
      if (isAppError(error) && ownEnds.has(error.code)) landing = 'left';
      throw error;
    } finally {
      this.flights.delete(key);
      land(landing);
    }
  }
}
