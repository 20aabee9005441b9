import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Transform, Writable } from 'node:stream';
import { abortError } from '../../../drivers/abort';
import { compressor, type ContentCoding } from './content-coding';
import type { Chunk } from './stream-format';
import type { StreamSink } from './stream-sink';

/** Written at a time; the reader must take about as much within `STALLED_MS`. */
const PIECE_BYTES = 256 * 1024;
/** A reader that does not take what is in the buffers within this time is taken for gone, in milliseconds. */
const STALLED_MS = 60_000;
/** Longest wait until the end of a stream is with the client, in milliseconds; behind it the connection is cut. */
const FLUSH_MS = 60_000;

export interface SinkTerms {
  readonly coding: ContentCoding | null;
  /** The client has said `TE: trailers`. */
  readonly trailers: boolean;
  /** Aborted when nobody reads any more, or the run is stopped. */
  readonly client: AbortController;
}

const trailerNames = 'X-Row-Count, X-Content-SHA256, X-Query-Status';

/**
 * The body of a stream on its way to the socket: counted, hashed, compressed, and never ahead of the reader by more than
 * the buffers hold.
 */
export class ResponseSink implements StreamSink {
  readonly #hash = createHash('sha256');
  #compressor: Transform | null = null;
  #target: Writable;
  #bytes = 0;

  constructor(
    private readonly response: ServerResponse,
    private readonly terms: SinkTerms,
  ) {
    this.#target = response;
  }

  get started(): boolean {
    return this.response.headersSent;
  }

  /** Bytes of the body before compression. */
  get bytes(): number {
    return this.#bytes;
  }

  start(headers: Readonly<Record<string, string | number | string[] | undefined>>): void {
    const { coding, trailers } = this.terms;
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.response.setHeader(name, value);
    }
    this.response.setHeader('vary', 'accept-encoding');
    if (coding) this.response.setHeader('content-encoding', coding);
    if (trailers) this.response.setHeader('trailer', trailerNames);
    this.response.writeHead(200);
    // Whoever reads of a failing socket is the listener of `close`, which stops the run.
    this.response.on('error', () => undefined);
    if (!coding) return;
    this.#compressor = compressor(coding);
    this.#compressor.on('error', () => this.cut());
    this.#compressor.pipe(this.response);
    this.#target = this.#compressor;
  }

  /** Resolves when more may be written. @throws AppError what stopped the run meanwhile */
  async write(chunk: Chunk, signal: AbortSignal): Promise<void> {
    const bytes = bytesOf(chunk);
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
      if (!this.push(bytes.subarray(at, at + PIECE_BYTES))) await this.#drained(signal);
    }
  }

  /** Writes without waiting, for what ends a stream; whether the buffers have room for more. */
  push(chunk: Chunk): boolean {
    const bytes = bytesOf(chunk);
    if (bytes.byteLength === 0) return true;
    this.#hash.update(bytes);
    this.#bytes += bytes.byteLength;
    return this.#target.write(bytes);
  }

  /** Sends what a compressor still holds back. */
  flush(): void {
    const { flush } = (this.#compressor ?? {}) as { flush?: () => void };
    flush?.call(this.#compressor);
  }

  /** SHA-256 of every byte so far, in hexadecimal digits. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Ends the body; resolves when it is with the client, or the client is gone. */
  async end(rowCount: number, status: string): Promise<void> {
    if (this.terms.trailers) {
      this.response.addTrailers({
        'X-Row-Count': String(rowCount),
        'X-Content-SHA256': this.digest(),
        'X-Query-Status': status,
      });
    }
    if (this.response.closed) return this.cut();
    const closed = once(this.response, 'close');
    this.#target.end();
    const cut = setTimeout(() => this.cut(), FLUSH_MS);
    await closed.finally(() => clearTimeout(cut));
  }

  /** Breaks the connection, so that half a result is not taken for a whole one. */
  cut(): void {
    this.#compressor?.destroy();
    const { socket } = this.response;
    // A reset: where nothing else marks the end of a body (HTTP/1.0), closing would.
    if (socket && !socket.destroyed) socket.resetAndDestroy();
    this.response.destroy();
  }

  async #drained(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortError(signal);
    const target = this.#target;
    await new Promise<void>((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(stalled);
        target.off('drain', onDrain);
        signal.removeEventListener('abort', onAbort);
        done();
      };
      const onDrain = (): void => settle(resolve);
      const onAbort = (): void => settle(() => reject(abortError(signal)));
      const stalled = setTimeout(() => this.terms.client.abort('client_gone'), STALLED_MS);
      target.once('drain', onDrain);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function bytesOf(chunk: Chunk): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
}
