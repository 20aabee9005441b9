import { isUtf8 } from 'node:buffer';

const quote = 0x22;
const backslash = 0x5c;
const space = 0x20;
const zero = 0x30;
/** Of a number within ±(2^53 − 1), with its sign. */
const maxDigits = 17;
/** Up to this many bytes a loop copies faster than a call does. */
const shortBytes = 64;

/**
 * JSON text written from the bytes a server has sent, without making strings of them. What is written is handed over:
 * nothing of it is written again.
 */
export class JsonWriter {
  #bytes: Buffer;
  #at = 0;
  #beyondAscii = false;

  /** @param sizeHint bytes that will probably be written */
  constructor(sizeHint: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(1024, sizeHint));
  }

  /** What was written; `null` when something of it is no UTF-8. */
  take(): Buffer | null {
    const written = this.#bytes.subarray(0, this.#at);
    return this.#beyondAscii && !isUtf8(written) ? null : written;
  }

  /** Bytes that are JSON as they stand. */
  raw(from: Buffer, at = 0, end = from.length): void {
    const length = end - at;
    this.#reserve(length);
    if (length > shortBytes) {
      from.copy(this.#bytes, this.#at, at, end);
    } else {
      const to = this.#bytes;
      let next = this.#at;
      for (let index = at; index < end; index++) to[next++] = from[index]!;
    }
    this.#at += length;
  }

  /** JSON as text. */
  text(json: string): void {
    // three bytes are the most that UTF-8 takes for a UTF-16 unit
    this.#reserve(json.length * 3);
    this.#at += this.#bytes.write(json, this.#at, 'utf8');
  }

  /** A text as a JSON string (RFC 8259, section 7). */
  quoted(from: Buffer, at: number, end: number): void {
    this.#reserve(end - at + 2);
    const to = this.#bytes;
    let next = this.#at;
    let all = 0;
    to[next++] = quote;
    for (let index = at; index < end; index++) {
      const byte = from[index]!;
      if (byte < space || byte === quote || byte === backslash) {
        this.text(JSON.stringify(from.toString('utf8', at, end)));
        this.#beyondAscii = true;
        return;
      }
      all |= byte;
      to[next++] = byte;
    }
    to[next++] = quote;
    if (all >= 0x80) this.#beyondAscii = true;
    this.#at = next;
  }

  /** A date and time as the server writes it, with a `T` between the two; `suffix` stands behind. */
  time(from: Buffer, at: number, end: number, suffix = ''): void {
    this.#reserve(end - at + 2 + suffix.length);
    const to = this.#bytes;
    let next = this.#at;
    let apart = false;
    to[next++] = quote;
    for (let index = at; index < end; index++) {
      let byte = from[index]!;
      if (byte === space && !apart) {
        apart = true;
        byte = 0x54;
      }
      to[next++] = byte;
    }
    for (let index = 0; index < suffix.length; index++) to[next++] = suffix.charCodeAt(index);
    to[next++] = quote;
    this.#at = next;
  }

  /** A whole number within ±(2^53 − 1). */
  integer(value: number): void {
    this.#reserve(maxDigits);
    this.#digits(value);
  }

  /** A whole number that is not negative, within 2^53 − 1, as a JSON string. */
  integerText(value: number): void {
    this.#reserve(maxDigits + 2);
    this.#bytes[this.#at++] = quote;
    this.#digits(value);
    this.#bytes[this.#at++] = quote;
  }

  /** A date and time of the calendar as a JSON string. */
  dateTime(
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
    suffix: '' | 'Z',
  ): void {
    this.#reserve(24);
    const to = this.#bytes;
    to[this.#at++] = quote;
    this.#twoDigits(Math.floor(year / 100), 0);
    this.#twoDigits(year % 100, 0);
    this.#twoDigits(month, 0x2d);
    this.#twoDigits(day, 0x2d);
    this.#twoDigits(hour, 0x54);
    this.#twoDigits(minute, 0x3a);
    this.#twoDigits(second, 0x3a);
    if (suffix !== '') to[this.#at++] = 0x5a;
    to[this.#at++] = quote;
  }

  /** @param ahead a character that stands before them; 0 for none */
  #twoDigits(value: number, ahead: number): void {
    if (ahead !== 0) this.#bytes[this.#at++] = ahead;
    this.#bytes[this.#at++] = zero + Math.floor(value / 10);
    this.#bytes[this.#at++] = zero + (value % 10);
  }

  #digits(value: number): void {
    const to = this.#bytes;
    let rest = value;
    if (rest < 0) {
      to[this.#at++] = 0x2d;
      rest = -rest;
    }
    let length = 1;
    for (let limit = 10; rest >= limit; limit *= 10) length += 1;
    for (let index = this.#at + length - 1; index >= this.#at; index--) {
      to[index] = zero + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.#at += length;
  }

  /** JSON that may hold characters beyond ASCII. */
  json(from: Buffer, at: number, end: number): void {
    this.raw(from, at, end);
    this.#beyondAscii = true;
  }

  #reserve(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
