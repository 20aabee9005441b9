/** Type byte and length (manual, "Message Formats"). */
const headerBytes = 5;
const dataRow = 0x44;

/** Who takes the rows of the running statement. */
export interface RowTaker {
  /** The body of a DataRow: from the number of its cells to its end. */
  takeRow(bytes: Buffer, at: number, end: number): void;
}

/**
 * Cuts what a server sends into messages, hands rows to whoever takes them and everything else to the client library, in
 * order. The library would make a string of each cell; most of them only pass through.
 *
 * The bytes of a row belong to whoever has taken it: nothing is written over them.
 */
export class MessageFramer {
  /** The beginning of a message whose end has not come. */
  #begun: Buffer | null = null;
  #have = 0;

  constructor(
    private readonly library: (bytes: Buffer) => void,
    private readonly taker: () => RowTaker | null,
    private readonly maxBytes: number,
    /** A message is larger than `maxBytes`, or has no valid length. What comes behind it is not looked at. */
    private readonly onTooLarge: () => void,
  ) {}

  take(chunk: Buffer): void {
    let at = this.#begun === null ? 0 : this.#complete(chunk);
    /** From here on the bytes are the library's. */
    let theirs = at;
    while (at + headerBytes <= chunk.length) {
      const length = lengthAt(chunk, at);
      if (!this.#allowed(length)) return;
      const end = at + 1 + length;
      if (end > chunk.length) break;
      if (chunk[at] === dataRow) {
        if (theirs < at) this.library(chunk.subarray(theirs, at));
        theirs = this.#row(chunk, at, end) ? end : at;
      }
      at = end;
    }
    if (theirs < at) this.library(chunk.subarray(theirs, at));
    if (at < chunk.length) this.#begin(chunk, at);
  }

  #allowed(length: number): boolean {
    if (length >= headerBytes - 1 && length <= this.maxBytes) return true;
    this.onTooLarge();
    return false;
  }

  /** Whether somebody has taken it. */
  #row(bytes: Buffer, at: number, end: number): boolean {
    const taker = this.taker();
    taker?.takeRow(bytes, at + headerBytes, end);
    return taker !== null;
  }

  #begin(chunk: Buffer, at: number): void {
    const rest = chunk.length - at;
    const size = rest < headerBytes ? headerBytes : 1 + lengthAt(chunk, at);
    this.#begun = Buffer.allocUnsafeSlow(size);
    chunk.copy(this.#begun, 0, at);
    this.#have = rest;
  }

  /** Adds to the message that has begun; where in the chunk the next one begins. */
  #complete(chunk: Buffer): number {
    let at = 0;
    if (this.#have < headerBytes) {
      at = this.#add(chunk, 0);
      if (this.#have < headerBytes) return at;
      const length = lengthAt(this.#begun!, 0);
      if (!this.#allowed(length)) return chunk.length;
      const whole = Buffer.allocUnsafeSlow(1 + length);
      this.#begun!.copy(whole, 0, 0, headerBytes);
      this.#begun = whole;
    }
    at = this.#add(chunk, at);
    const message = this.#begun!;
    if (this.#have < message.length) return at;
    this.#begun = null;
    if (message[0] !== dataRow || !this.#row(message, 0, message.length)) this.library(message);
    return at;
  }

  /** Copies as much as the message lacks. */
  #add(chunk: Buffer, at: number): number {
    const begun = this.#begun!;
    const end = Math.min(chunk.length, at + begun.length - this.#have);
    chunk.copy(begun, this.#have, at, end);
    this.#have += end - at;
    return end;
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 1);
}
