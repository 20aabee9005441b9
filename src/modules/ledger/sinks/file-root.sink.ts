import { mkdir, open, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RootLine } from '../root-line';
import type { RootSink } from './root-sink';

const CHUNK = 65_536;
const NEWLINE = 0x0a;

/**
 * Appends roots to a file, a line each, and waits for the disk. The file says itself how far it is. A line that was cut
 * off by a crash or a full disk is taken back first.
 */
export class FileRootSink implements RootSink {
  readonly name = 'file';

  constructor(private readonly file: string) {}

  async position(): Promise<number> {
    return (await this.lastLine())?.root.number ?? 0;
  }

  async append(roots: readonly RootLine[]): Promise<void> {
    const last = await this.lastLine();
    let { number, hash } = { number: last?.root.number ?? 0, hash: last?.hash ?? null };
    let text = '';
    for (const line of roots) {
      if (line.root.number <= number) continue;
      // Whoever starts a new file in the middle of the roots has nothing to compare the first with.
      if (hash !== null && (line.root.number !== number + 1 || line.root.previous !== hash)) {
        throw new Error(`root ${line.root.number} does not follow root ${number} of the file`);
      }
      text += `${JSON.stringify(line)}\n`;
      ({ hash } = line);
      ({ number } = line.root);
    }
    if (text === '') return;
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    const handle = await open(this.file, 'a', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async lastLine(): Promise<RootLine | null> {
    const size = await sizeOf(this.file);
    if (size === 0) return null;
    const handle = await open(this.file, 'r');
    try {
      let tail = Buffer.alloc(0);
      for (let from = size; from > 0;) {
        const length = Math.min(CHUNK, from);
        from -= length;
        const chunk = Buffer.alloc(length);
        await handle.read(chunk, 0, length, from);
        tail = Buffer.concat([chunk, tail]);
        const end = tail.lastIndexOf(NEWLINE);
        if (end === -1) continue;
        const begin = tail.lastIndexOf(NEWLINE, end - 1);
        if (begin === -1 && from > 0) continue;
        if (end !== tail.length - 1) await truncate(this.file, from + end + 1);
        return JSON.parse(tail.subarray(begin + 1, end).toString()) as RootLine;
      }
    } finally {
      await handle.close();
    }
    await truncate(this.file, 0);
    return null;
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
