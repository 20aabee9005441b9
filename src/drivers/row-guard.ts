import { AppError } from '../common/app-error';

/** Bytes of one row on the wire; the client libraries hold a row in memory as a whole before anybody sees it. */
export const maxRowBytes = 64 * 1024 * 1024;

/** A row that would not be worth the memory. */
export function rowTooLarge(): AppError {
  return new AppError(
    'query.result_too_large',
    `A row is larger than ${maxRowBytes / 1024 / 1024} MiB; ask for less of it`,
  );
}

/** The part of a socket that is used here. */
interface Readable {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer) => void): unknown;
}

/** Counts what arrives on a socket between two messages, and tells when it is more than a row may hold. */
export class RowGuard {
  #bytes = 0;

  constructor(
    private readonly socket: Readable,
    private readonly onTooLarge: () => void,
  ) {
    socket.on('data', this.#count);
  }

  /** A whole message was read. */
  progress(): void {
    this.#bytes = 0;
  }

  close(): void {
    this.socket.off('data', this.#count);
  }

  /** Behind the listener of the client library: what that could read of the chunk, it has read. */
  readonly #count = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes <= maxRowBytes) return;
    this.close();
    this.onTooLarge();
  };
}
