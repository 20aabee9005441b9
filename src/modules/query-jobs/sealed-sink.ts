import { createHash } from 'node:crypto';
import { AppError } from '../../common/app-error';
import { abortError } from '../../drivers/abort';
import type { Chunk } from '../query/stream/stream-format';
import type { StreamSink } from '../query/stream/stream-sink';
import { FRAME_OVERHEAD, frameCount } from './store/frames';
import type { SealingWriter } from './store/sealed-result';

/** Room is asked for in pieces of this size. */
const PIECE_BYTES = 4 * 1024 * 1024;

export interface SinkBounds {
  readonly maxBytes: number;
  /** Whether the store has room for so many further bytes. */
  readonly reserve: (bytes: number) => Promise<boolean>;
}

/** A stream that goes into the store. A failure is always thrown: what is not whole is not kept. */
export class SealedSink implements StreamSink {
  readonly started = false;
  readonly #hash = createHash('sha256');
  #pushed: Uint8Array[] = [];
  #bytes = 0;
  #reserved = 0;
  #truncated = false;

  constructor(
    private readonly writer: SealingWriter,
    private readonly bounds: SinkBounds,
  ) {}

  /** Of the result itself, so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** There were more rows than the run was permitted. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** In the store, with what sealing adds. */
  get storedBytes(): number {
    return this.#bytes + frameCount(this.#bytes) * FRAME_OVERHEAD;
  }

  async write(chunk: Chunk, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortError(signal);
    this.push(chunk);
    await this.#flush();
  }

  push(chunk: Chunk): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
    if (bytes.byteLength === 0) return;
    this.#hash.update(bytes);
    this.#bytes += bytes.byteLength;
    this.#pushed.push(bytes);
  }

  flush(): void {
    // Nobody waits for what is still held back.
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  async end(_rowCount: number, status: string): Promise<void> {
    this.#truncated = status === 'truncated';
    await this.#flush();
    await this.writer.commit();
  }

  cut(): void {
    // Whoever made the writer abandons it.
  }

  async #flush(): Promise<void> {
    const { maxBytes, reserve } = this.bounds;
    if (this.#bytes > maxBytes)
      throw new AppError('query.result_too_large', `A background run may give ${maxBytes} bytes at most`);
    if (this.storedBytes > this.#reserved) {
      const more = Math.max(PIECE_BYTES, this.storedBytes - this.#reserved);
      if (!(await reserve(more)))
        throw new AppError('job.storage_full', 'What all results together may take is used up');
      this.#reserved += more;
    }
    for (const bytes of this.#pushed.splice(0)) await this.writer.append(bytes);
  }
}
