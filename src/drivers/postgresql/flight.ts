import type { Connection, FieldDef, Submittable } from 'pg';

/** What a unit's Execute ended with (manual, "Extended Query"): a command tag, or rows are left in the portal. */
export interface UnitEnd {
  readonly tag: string | null;
  readonly suspended: boolean;
}

/** One Parse, Bind, Execute; or, without a text, a further Execute of the portal that is open. */
export interface Unit {
  readonly text?: string;
  readonly values?: readonly (string | null)[];
  /** Rows after which Execute pauses; 0 is all of them. */
  readonly maxRows?: number;
  onColumns?(fields: readonly FieldDef[]): void;
  /** Cells in text form, with the length of the message in bytes. */
  onRow?(cells: (string | null)[], bytes: number): void;
  onEnd?(end: UnitEnd): void;
}

export const flush = Symbol('Flush');
export const sync = Symbol('Sync');
export type Step = Unit | typeof flush | typeof sync;

interface DataRow {
  readonly fields: (string | null)[];
  readonly length: number;
}

/** pg's connection with the messages as it takes them; its types are behind. */
interface WireConnection extends Pick<Connection, 'stream' | 'flush' | 'sync'> {
  parse(message: { text: string }): void;
  bind(message: { values: readonly (string | null)[] }): void;
  describe(message: { type: 'P' }): void;
  execute(message: { rows: number }): void;
  sendCopyFail(reason: string): void;
}

/**
 * Several commands in one flight of the extended protocol: all messages up to Sync go out in one write, the server
 * works through them, and an error skips whatever is left until Sync. pg's own queries take a round trip each, which
 * is what a read-only transaction around every statement would cost.
 *
 * It is a `Submittable` of pg: the client calls the `handle…` methods for each message of the server.
 */
export class Flight implements Submittable {
  readonly #units: Unit[] = [];
  readonly #first: readonly Step[];
  #connection: WireConnection | null = null;
  #synced = false;
  #over = false;
  /** Whether the server has answered anything: until then nothing of the flight can have had an effect. */
  answered = false;
  #settle!: { resolve: () => void; reject: (error: unknown) => void };
  /** Settles when the server is ready for the next flight, or with the first error. */
  readonly ended: Promise<void>;

  constructor(steps: readonly Step[]) {
    this.#first = steps;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // whoever needs the outcome awaits it; a flight nobody waits for must not end the process
    this.ended.catch(() => undefined);
  }

  get over(): boolean {
    return this.#over;
  }

  submit(connection: Connection): void {
    this.#connection = connection as unknown as WireConnection;
    this.send(this.#first);
  }

  /** Adds to a flight whose Sync has not been sent. */
  send(steps: readonly Step[]): void {
    const connection = this.#connection;
    if (connection === null || this.#synced || this.#over) return;
    connection.stream.cork();
    for (const step of steps) {
      if (step === flush) {
        connection.flush();
      } else if (step === sync) {
        this.#synced = true;
        connection.sync();
      } else {
        this.#write(connection, step);
      }
    }
    connection.stream.uncork();
  }

  /** Stops or continues reading from the server; TCP makes it wait. */
  pause(): void {
    this.#connection?.stream.pause();
  }

  resume(): void {
    this.#connection?.stream.resume();
  }

  #write(connection: WireConnection, unit: Unit): void {
    this.#units.push(unit);
    if (unit.text !== undefined) {
      connection.parse({ text: unit.text });
      connection.bind({ values: unit.values ?? [] });
      if (unit.onColumns) connection.describe({ type: 'P' });
    }
    connection.execute({ rows: unit.maxRows ?? 0 });
  }

  #endUnit(end: UnitEnd): void {
    this.answered = true;
    this.#units.shift()?.onEnd?.(end);
  }

  handleRowDescription(message: { fields: FieldDef[] }): void {
    this.answered = true;
    this.#units[0]?.onColumns?.(message.fields);
  }

  handleDataRow(message: DataRow): void {
    this.#units[0]?.onRow?.(message.fields, message.length);
  }

  handleCommandComplete(message: { text: string }): void {
    this.#endUnit({ tag: message.text, suspended: false });
  }

  handlePortalSuspended(): void {
    this.#endUnit({ tag: null, suspended: true });
  }

  handleEmptyQuery(): void {
    this.#endUnit({ tag: null, suspended: false });
  }

  handleCopyInResponse(connection: WireConnection): void {
    connection.sendCopyFail('not supported');
  }

  handleCopyData(): void {
    // COPY … TO STDOUT has no rows
  }

  handleReadyForQuery(): void {
    if (this.#over) return;
    this.#over = true;
    this.resume();
    this.#settle.resolve();
  }

  /** Called for an ErrorResponse, and when the socket fails. */
  handleError(error: unknown): void {
    if (this.#over) return;
    // the server ignores everything until Sync
    this.resume();
    if (!this.#synced) this.send([sync]);
    this.#over = true;
    this.#units.length = 0;
    this.#settle.reject(error);
  }
}
