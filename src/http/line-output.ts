import { writeSync } from 'node:fs';

/** Lines are written in blocks: one write a request would cost more than most of its work. */
const BLOCK_CHARS = 8192;
/** No line stays longer than this in memory while its reader reads. */
const DELAY_MS = 200;
/** When a reader that was busy (`EAGAIN`), or a disk that was full (`ENOSPC`), is tried again. */
const RETRY_MS = 10;
/** What a reader that stands still may make the process hold; lines beyond are lost, and counted. */
const MOST_CHARS = 16 * 1024 * 1024;
/** How long the end of the process waits for a reader that takes nothing. */
const STALLED_MS = 2000;

const nothing = Buffer.alloc(0);

/**
 * Lines to a descriptor, for a log. Its reader decides about these lines and nothing else: one that is gone (`EPIPE`), stands
 * still or has no room neither stops the process nor keeps it from ending. One that is there again is told how much it missed.
 *
 * Writes are synchronous, so that none is under way when the process ends. They do not wait for the reader: Node makes pipes
 * and sockets of its standard streams non-blocking.
 */
export class LineOutput {
  private lines: string[] = [];
  private chars = 0;
  /** What is still to be written of the lines that were joined last, and how many lines are lost with it. */
  private block: Buffer = nothing;
  private linesOfBlock = 0;
  private lost = 0;
  private timer: NodeJS.Timeout | null = null;
  private isRefused = false;
  /** With how many characters the reader is tried again before the timer does: what comes fast is tried often. */
  private sendAt = BLOCK_CHARS;

  constructor(private readonly fd: number) {}

  /** `line` with its end of line. */
  write(line: string): void {
    if (this.chars + line.length > MOST_CHARS) {
      this.lost++;
      return;
    }
    this.lines.push(line);
    this.chars += line.length;
    if (this.chars >= this.sendAt) this.send();
    else this.timer ??= this.sendIn(DELAY_MS);
  }

  /** Writes all there is, as far as the reader takes it. Called by pino after a fatal line, and to be called at the end. */
  flushSync(): void {
    const clock = new Int32Array(new SharedArrayBuffer(4));
    let refusals = 0;
    while (this.hasMore() && refusals < STALLED_MS / RETRY_MS) {
      refusals = this.send() ? 0 : refusals + 1;
      if (this.isRefused) Atomics.wait(clock, 0, 0, RETRY_MS);
    }
  }

  private hasMore(): boolean {
    return this.block.length > 0 || this.lines.length > 0;
  }

  /** Writes until all is written or the reader refuses; `false` when it took nothing. */
  private send(): boolean {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.isRefused = false;
    let written = 0;
    try {
      while (this.hasMore()) {
        if (this.block.length === 0) this.nextBlock();
        const count = writeSync(this.fd, this.block);
        this.block = this.block.subarray(count);
        written += count;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') this.lose();
      else {
        this.isRefused = true;
        this.timer = this.sendIn(RETRY_MS);
      }
    }
    this.sendAt = this.chars + BLOCK_CHARS;
    return written > 0;
  }

  private nextBlock(): void {
    const text = this.lines.join('');
    this.block = Buffer.from(this.lost > 0 ? text + lostLine(this.lost) : text);
    this.linesOfBlock = this.lines.length + this.lost;
    this.lines = [];
    this.chars = 0;
    this.lost = 0;
  }

  /** Nobody is there to read: what is held goes nowhere. */
  private lose(): void {
    this.lost += this.linesOfBlock + this.lines.length;
    this.block = nothing;
    this.lines = [];
    this.chars = 0;
  }

  private sendIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.send(), ms).unref();
  }
}

function lostLine(count: number): string {
  return `${JSON.stringify({ level: 40, time: Date.now(), msg: 'lines of this log are lost: nobody took them', count })}\n`;
}
