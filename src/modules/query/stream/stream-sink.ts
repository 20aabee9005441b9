import type { Chunk } from './stream-format';

/** Where the bytes of a stream go: the answer of a request, or a file. */
export interface StreamSink {
  /** Bytes so far, before compression. */
  readonly bytes: number;
  /** From then on a failure is told in the body, or breaks it off; before, and always where nobody reads yet, it is thrown. */
  readonly started: boolean;
  /** Resolves when more may be written. @throws AppError what stopped the run meanwhile, or does not let it be kept */
  write(chunk: Chunk, signal: AbortSignal): Promise<void>;
  /** Takes without waiting what ends a stream. */
  push(chunk: Chunk): void;
  /** Sends what is still held back. */
  flush(): void;
  /** SHA-256 of every byte so far, in hexadecimal digits. */
  digest(): string;
  /** Resolves when everything is where it goes. */
  end(rowCount: number, status: string): Promise<void>;
  /** Breaks off, so that half a result is not taken for a whole one. */
  cut(): void;
}
