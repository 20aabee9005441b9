import { rowTooLarge } from '../row-guard';
import type { Connection, FieldDef, Submittable } from 'pg';
import { serialize } from 'pg-protocol';
import type { RowTaker } from './message-framer';
import type { WireConnection } from './wire-client';
import { wireCells, type WireRow } from './wire-row';

/** What a unit's Execute ended with (manual, "Extended Query"): a command tag, or rows are left in the portal. */
export interface UnitEnd {
  readonly tag: string | null;
  readonly suspended: boolean;
}

/** One Parse, Bind, Execute; or, without a text, a further Execute of the portal that is open. */
export interface Unit {
  readonly text?: string;
  /** Name of a prepared statement to be made of the text, or made of it before (`prepared`). */
  readonly name?: string;
  readonly prepared?: boolean;
  readonly values?: readonly (string | null)[];
  /** Name of a portal of its own, so that the unnamed one stays open. */
  readonly portal?: string;
  /** Rows after which Execute pauses; 0 is all of them. */
  readonly maxRows?: number;
  onColumns?(fields: readonly FieldDef[]): void;
  /** Cells in text form. */
  onRow?(cells: (string | null)[]): void;
  /** The row as it was sent, with its length in bytes; who has this gets no cells. */
  onWireRow?(row: WireRow, bytes: number): void;
  onEnd?(end: UnitEnd): void;
}

export const flush = Symbol('Flush');
export const sync = Symbol('Sync');
/** Brings a session back to how it was opened; whoever sends it forgets what was prepared. */
export const discardAll: Unit = { text: 'DISCARD ALL' };
export type Step = Unit | typeof flush | typeof sync;

/** The bytes of commands that are always the same: BEGIN, ROLLBACK, … */
const fixedUnits = new Map<string, Buffer>();
const maxFixedUnits = 100;

/**
 * Several commands in one flight of the extended protocol: all messages up to Sync go out in one write, the server
 * works through them, and an error skips whatever is left until Sync. pg's own queries take a round trip each, which
 * is what a read-only transaction around every statement would cost.
 *
 * It is a `Submittable` of pg: the client calls the `handle…` methods for each message of the server.
 */
export class Flight implements Submittable, RowTaker {
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
    this.#connection = connection as WireConnection;
    this.#connection.rowTaker = this;
    this.send(this.#first);
  }

  /** Adds to a flight whose Sync has not been sent. */
  send(steps: readonly Step[]): void {
    const connection = this.#connection;
    if (connection === null || this.#synced || this.#over) return;
    // One buffer: a write of many small ones costs several times as much in the kernel.
    const messages: Buffer[] = [];
    for (const step of steps) {
      if (step === flush) {
        messages.push(serialize.flush());
      } else if (step === sync) {
        this.#synced = true;
        messages.push(serialize.sync());
      } else {
        this.#units.push(step);
        messages.push(bytesOf(step));
      }
    }
    connection.stream.write(Buffer.concat(messages));
  }

  /** Stops or continues reading from the server; TCP makes it wait. */
  pause(): void {
    this.#connection?.stream.pause();
  }

  resume(): void {
    this.#connection?.stream.resume();
  }

  #endUnit(end: UnitEnd): void {
    this.answered = true;
    this.#units.shift()?.onEnd?.(end);
  }

  handleRowDescription(message: { fields: FieldDef[] }): void {
    this.answered = true;
    this.#units[0]?.onColumns?.(message.fields);
  }

  takeRow(bytes: Buffer, at: number, end: number): void {
    const unit = this.#units[0];
    if (unit?.onWireRow) unit.onWireRow({ bytes, at }, end - at);
    else unit?.onRow?.(wireCells({ bytes, at }));
  }

  /** The server would send it to its end before it looked at anything else: the socket is closed. */
  refuseMessage(): void {
    this.handleError(rowTooLarge());
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

  handleCopyInResponse(connection: { sendCopyFail(reason: string): void }): void {
    connection.sendCopyFail('not supported');
  }

  handleCopyData(): void {
    // COPY … TO STDOUT has no rows
  }

  handleReadyForQuery(): void {
    if (this.#connection?.rowTaker === this) this.#connection.rowTaker = null;
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

function bytesOf(unit: Unit): Buffer {
  const { text, values, name = '', portal = '', maxRows = 0 } = unit;
  if (text === undefined) return serialize.execute({ rows: maxRows });
  const fixed = values === undefined && name === '' && portal === '' && maxRows === 0 && !unit.onColumns;
  const known = fixed ? fixedUnits.get(text) : undefined;
  if (known) return known;
  const bytes = Buffer.concat([
    ...(unit.prepared ? [] : [serialize.parse({ name, text })]),
    serialize.bind({ portal, statement: name, values: values ? [...values] : [] }),
    ...(unit.onColumns ? [serialize.describe({ type: 'P' })] : []),
    serialize.execute({ portal, rows: maxRows }),
  ]);
  if (fixed && fixedUnits.size < maxFixedUnits) fixedUnits.set(text, bytes);
  return bytes;
}
