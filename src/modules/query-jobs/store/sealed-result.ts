import { AppError } from '../../../common/app-error';
import { FRAME_BYTES, FRAME_OVERHEAD, frameCount, openFrame, sealFrame } from './frames';
import type { ResultReader, ResultWriter } from './result-store';

/** A result and what opens it. */
export interface SealedResult {
  readonly name: string;
  readonly key: Buffer;
  /** Of the result itself. */
  readonly bytes: number;
}

/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Seals what is appended, frame by frame; the last one is held back until it is known to be the last. */
export class SealingWriter {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #number = 0;

  constructor(
    private readonly writer: ResultWriter,
    private readonly name: string,
    private readonly key: Buffer,
  ) {}

  async append(bytes: Uint8Array): Promise<void> {
    this.#held.push(bytes);
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes <= FRAME_BYTES) return;
    const all = Buffer.concat(this.#held);
    const frames: Buffer[] = [];
    let at = 0;
    for (; all.byteLength - at > FRAME_BYTES; at += FRAME_BYTES) {
      frames.push(this.#seal(all.subarray(at, at + FRAME_BYTES), false));
    }
    this.#held = [all.subarray(at)];
    this.#heldBytes = all.byteLength - at;
    await this.writer.append(Buffer.concat(frames));
  }

  async commit(): Promise<void> {
    await this.writer.append(this.#seal(Buffer.concat(this.#held), true));
    await this.writer.commit();
  }

  abandon(): Promise<void> {
    return this.writer.abandon();
  }

  #seal(bytes: Uint8Array, last: boolean): Buffer {
    return sealFrame(this.key, bytes, { name: this.name, number: this.#number++, last });
  }
}

/** Cut, or grown: told before anything of it is read. @throws AppError `job.result_damaged` */
export function requireWhole({ size }: ResultReader, { bytes }: SealedResult): void {
  if (size !== bytes + frameCount(bytes) * FRAME_OVERHEAD)
    throw new AppError('job.result_damaged', 'The file of the result has another length than was written');
}

/** The bytes of a range, opening only the frames it touches. @throws AppError `job.result_damaged` */
export async function* readRange(
  reader: ResultReader,
  { name, key, bytes }: SealedResult,
  { first, last }: ByteRange,
): AsyncGenerator<Buffer, void> {
  const count = frameCount(bytes);
  const end = Math.floor(last / FRAME_BYTES);
  for (let number = Math.floor(first / FRAME_BYTES); number <= end; number++) {
    const start = number * FRAME_BYTES;
    const length = Math.min(FRAME_BYTES, bytes - start) + FRAME_OVERHEAD;
    const frame = await reader.read(number * (FRAME_BYTES + FRAME_OVERHEAD), length);
    const opened = openFrame(key, frame, { name, number, last: number === count - 1 });
    yield opened.subarray(Math.max(0, first - start), Math.min(opened.byteLength, last - start + 1));
  }
}
