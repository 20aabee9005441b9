import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LineOutput } from './line-output';

/** A pipe of the operating system; what it holds without a reader is 64 KiB. */
describe('lines to a pipe', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'sluice-lines-'));
  const fifo = path.join(dir, 'fifo');
  let reader: number;
  let output: LineOutput;
  let writer: number;

  const openReader = (): number => openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const linesIn = (text: string): string[] => text.split('\n').slice(0, -1);
  function read(): string {
    const parts: Buffer[] = [];
    const part = Buffer.alloc(1 << 20);
    try {
      for (let count; (count = readSync(reader, part));) parts.push(Buffer.from(part.subarray(0, count)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    return Buffer.concat(parts).toString();
  }
  async function readUntil(isEnough: (text: string) => boolean): Promise<string> {
    let text = read();
    while (!isEnough(text)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      text += read();
    }
    return text;
  }

  beforeEach(() => {
    execFileSync('mkfifo', [fifo]);
    reader = openReader();
    writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    output = new LineOutput(writer);
  });
  afterEach(() => {
    for (const fd of [reader, writer]) closeSync(fd);
    rmSync(fifo);
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('are there soon, without being asked for', async () => {
    output.write('ü\n');
    expect(read()).toBe('');
    expect(await readUntil((text) => text !== '')).toBe('ü\n');
  });

  it('are there all, once and in order, with a reader that is slower', async () => {
    const lines = Array.from({ length: 30_000 }, (_, n) => `line ${n} ü`);
    for (const line of lines) output.write(`${line}\n`);
    const text = await readUntil((soFar) => soFar.endsWith(`${lines.at(-1)}\n`));
    expect(linesIn(text)).toEqual(lines);
  });

  it('are there to the last one after a flush', () => {
    const lines = Array.from({ length: 1000 }, (_, n) => `line ${n}`);
    for (const line of lines) output.write(`${line}\n`);
    output.flushSync();
    expect(linesIn(read())).toEqual(lines);
  });

  it('are given up by a flush when their reader is gone', () => {
    closeSync(reader);
    output.write('nobody reads this\n');
    output.flushSync();
    reader = openReader();
    expect(read()).toBe('');
  });

  it('go on for the next reader, who is told how many it missed', () => {
    closeSync(reader);
    for (const line of ['one\n', 'two\n']) {
      output.write(line);
      output.flushSync();
    }
    reader = openReader();
    output.write('three\n');
    output.flushSync();
    const [three, lost] = linesIn(read());
    expect([three, JSON.parse(lost!)]).toEqual(['three', expect.objectContaining({ level: 40, count: 2 })]);
  });

  it('wait in a flush for a reader that takes nothing, but not for ever', async () => {
    const line = `${'x'.repeat(99_999)}\n`;
    output.write(line);
    output.flushSync();
    const taken = read();
    expect(taken.length).toBeLessThan(line.length);
    expect(taken + (await readUntil((text) => text.endsWith('\n')))).toBe(line);
  });

  it('are held up to a bound for a reader that stands still, and counted beyond', async () => {
    const line = `${'x'.repeat(1023)}\n`;
    for (let n = 0; n < 40_000; n++) output.write(line);
    const lines = linesIn(await readUntil((text) => text.endsWith('}\n')));
    const { count } = JSON.parse(lines.pop()!);
    expect(new Set(lines)).toEqual(new Set([line.trim()]));
    expect([lines.length + count, lines.length < 17_000]).toEqual([40_000, true]);
  });

  it('do not hold up a flush for ever when there is no room for them', () => {
    const full = openSync('/dev/full', 'w');
    const toFullDisk = new LineOutput(full);
    toFullDisk.write('x\n');
    expect(() => toFullDisk.flushSync()).not.toThrow();
  });
});
