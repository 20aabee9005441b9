import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RootLine } from '../root-line';
import { FileRootSink } from './file-root.sink';

const line = (number: number, hash = `hash ${number}`, previous = `hash ${number - 1}`): RootLine => ({
  type: 'root',
  root: { at: '', number, previous, segments: 1, tree: '', v: 1 },
  hash,
  keyId: '',
  signature: 'x'.repeat(number * 40_000),
  segments: [],
});

describe('the file of roots', () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-roots-'));
    file = join(dir, 'made', 'roots.ndjson');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const numbers = (): number[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((text) => (JSON.parse(text) as RootLine).root.number);

  it('knows how far it is, and takes what comes twice once', async () => {
    const sink = new FileRootSink(file);
    expect(await sink.position()).toBe(0);
    await sink.append([line(1), line(2), line(3)]);
    await sink.append([line(3), line(4)]);
    expect(await new FileRootSink(file).position()).toBe(4);
    expect(numbers()).toEqual([1, 2, 3, 4]);
  });

  it('takes back a line that was cut off', async () => {
    const sink = new FileRootSink(file);
    await sink.append([line(1), line(2)]);
    appendFileSync(file, JSON.stringify(line(3)).slice(0, 90_000));
    expect(await sink.position()).toBe(2);
    await sink.append([line(3)]);
    expect(numbers()).toEqual([1, 2, 3]);
  });

  it('takes back a first line that was cut off', async () => {
    const sink = new FileRootSink(file);
    await sink.append([line(1)]);
    rmSync(file);
    appendFileSync(file, '{"type":"ro');
    expect(await sink.position()).toBe(0);
    await sink.append([line(1)]);
    expect(numbers()).toEqual([1]);
  });

  it('says so when the disk is full', async () => {
    await expect(new FileRootSink('/dev/full').append([line(1)])).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it.each([
    ['skips a root', line(4)],
    ['follows another root', line(3, 'hash 3', 'another')],
  ])('refuses what %s', async (_, next) => {
    const sink = new FileRootSink(file);
    await sink.append([line(1), line(2)]);
    await expect(sink.append([next])).rejects.toThrow('does not follow root 2');
    expect(numbers()).toEqual([1, 2]);
  });
});
