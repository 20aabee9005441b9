import type { Client } from 'pg';
import { settledWithin } from '../settled-within';
import type { TlsOptions } from '../tls';
import { cancelRequest } from './cancel-request';
import { DescribeStatement } from './describe-statement';
import { discardAll, Flight, sync, type Step } from './flight';
import type { PreparedStatements } from './prepared-statements';

/** The longest a server may take to clean a session before it is closed instead. */
const resetWithinMs = 2_000;
const cancelWithinMs = 2_000;

export interface SessionPlace {
  readonly address: string;
  readonly port: number;
  readonly tls: TlsOptions | null;
}

/** pg keeps the keys of BackendKeyData; its types do not tell. */
interface KeyedClient extends Client {
  readonly processID: number;
  readonly secretKey: number;
}

/**
 * One session lent by the pool. `DISCARD ALL` brings it back to how it was opened: settings and role, prepared
 * statements, temporary tables, cursors, session-level advisory locks, LISTEN and the last values of sequences.
 */
export class PostgresSession {
  readonly #client: KeyedClient;
  #gone = false;

  constructor(
    client: Client,
    private readonly place: SessionPlace,
    private readonly back: { release: () => void; destroy: () => void },
    /** How long it was idle: it may have died unseen. `null` for a session that is new. */
    readonly idleMs: number | null,
    /** What earlier borrowers of the session have left prepared. */
    readonly prepared: PreparedStatements,
  ) {
    this.#client = client as KeyedClient;
  }

  /** The server's number of the session. */
  get processId(): number {
    return this.#client.processID;
  }

  start(steps: readonly Step[]): Flight {
    if (steps.includes(discardAll)) this.prepared.clear();
    return this.#client.query(new Flight(steps));
  }

  /** The types (OIDs) that the server infers for the parameters of a statement. */
  async parameterTypes(text: string): Promise<readonly number[]> {
    return this.#client.query(new DescribeStatement(text)).types;
  }

  /** Whether the server answers in time. */
  async answers(withinMs: number): Promise<boolean> {
    return (await settledWithin(this.start([sync]).ended, withinMs)) === 'resolved';
  }

  /** Back to the pool when it is certain that the session is as it was opened, else closed; what is not clean yet is reset. */
  async giveBack(isClean: boolean): Promise<void> {
    if (isClean || (await this.reset())) this.release();
    else this.destroy();
  }

  /** Ends whatever transaction is open and discards the session's state; whether that has worked. */
  async reset(): Promise<boolean> {
    const flight = this.start([{ text: 'ROLLBACK' }, discardAll, sync]);
    return (await settledWithin(flight.ended, resetWithinMs)) === 'resolved';
  }

  /** Resolves when the server has sent the signal to this session. */
  async cancel(): Promise<void> {
    await cancelRequest(
      { ...this.place, processId: this.#client.processID, secretKey: this.#client.secretKey },
      cancelWithinMs,
    );
  }

  release(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.back.release();
  }

  destroy(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.back.destroy();
  }
}
