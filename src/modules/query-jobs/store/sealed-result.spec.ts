import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppError } from '../../../common/app-error';
import { FileResultStore, FileWriter } from './file-result.store';
import { FRAME_BYTES, FRAME_OVERHEAD } from './frames';
import { readRange, requireWhole, SealingWriter, type SealedResult } from './sealed-result';

const NAME = '6361ddd1-4bfb-40fb-a016-5721c21e2c87.1';
const FRAME = FRAME_BYTES + FRAME_OVERHEAD;

describe('a sealed result', () => {
  const key = randomBytes(32);
  let folder: string;
  let store: FileResultStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-results-'));
    store = new FileResultStore(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(content: Buffer, step: number, name = NAME): Promise<SealedResult> {
    const writer = new SealingWriter(await store.create(name), name, key);
    for (let at = 0; at < content.length; at += step) await writer.append(content.subarray(at, at + step));
    await writer.commit();
    return { name, key, bytes: content.length };
  }
  async function read(result: SealedResult, first = 0, last = result.bytes - 1): Promise<Buffer> {
    const reader = (await store.open(NAME))!;
    try {
      requireWhole(reader, result);
      const parts: Buffer[] = [];
      for await (const part of readRange(reader, result, { first, last })) parts.push(part);
      return Buffer.concat(parts);
    } finally {
      await reader.close();
    }
  }
  const change = async (edit: (bytes: Buffer) => Buffer): Promise<void> => {
    const path = join(folder, NAME);
    await writeFile(path, edit(await readFile(path)));
  };
  const damaged = expect.objectContaining({ code: 'job.result_damaged' });

  it.each([0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES, 300_001])(
    'of %i bytes gives back what was written, and its file shows none of it',
    async (size) => {
      const content = Buffer.alloc(size, 'canary value ');
      const result = await write(content, 50_000);
      expect((await read(result)).equals(content)).toBe(true);
      const stored = await readFile(join(folder, NAME));
      expect(stored.includes('canary')).toBe(false);
      expect(stored.length).toBe(size + Math.max(1, Math.ceil(size / FRAME_BYTES)) * FRAME_OVERHEAD);
    },
  );

  it('gives any range of it', async () => {
    const content = randomBytes(3 * FRAME_BYTES + 17);
    const result = await write(content, 7_001);
    const edges = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, content.length - 1];
    for (const first of edges) {
      for (const last of edges.filter((edge) => edge >= first)) {
        expect((await read(result, first, last)).equals(content.subarray(first, last + 1))).toBe(true);
      }
    }
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['a bit that is turned', (bytes) => (bytes.writeUInt8(bytes[100]! ^ 1, 100), bytes)],
    ['a tag that is turned', (bytes) => (bytes.writeUInt8(bytes.at(-1)! ^ 1, bytes.length - 1), bytes)],
    [
      'frames that change places',
      (bytes) =>
        Buffer.concat([
          bytes.subarray(FRAME, 2 * FRAME),
          bytes.subarray(0, FRAME),
          bytes.subarray(2 * FRAME),
        ]),
    ],
    [
      'a frame in place of another',
      (bytes) =>
        Buffer.concat([bytes.subarray(0, FRAME), bytes.subarray(0, FRAME), bytes.subarray(2 * FRAME)]),
    ],
    ['a frame that is gone', (bytes) => bytes.subarray(0, 2 * FRAME)],
    ['a byte too many', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['nothing left', () => Buffer.alloc(0)],
  ])('is refused for %s', async (_what, edit) => {
    const result = await write(randomBytes(2 * FRAME_BYTES + 5), 100_000);
    await change(edit);
    await expect(read(result)).rejects.toEqual(damaged);
  });

  it('is refused when it was cut at the end of a frame, and the length that is known was cut, too', async () => {
    const result = await write(randomBytes(3 * FRAME_BYTES), 100_000);
    await change((bytes) => bytes.subarray(0, 2 * FRAME));
    await expect(read({ ...result, bytes: 2 * FRAME_BYTES })).rejects.toEqual(damaged);
  });

  it('opens under no other name and no other key', async () => {
    const result = await write(randomBytes(1000), 1000);
    await expect(read({ ...result, name: NAME.replace(/1$/, '2') })).rejects.toEqual(damaged);
    await expect(read({ ...result, key: randomBytes(32) })).rejects.toEqual(damaged);
  });
});

describe('the store of files', () => {
  let folder: string;
  let store: FileResultStore;

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'sluice-store-')), 'results');
    store = new FileResultStore(folder);
  });
  afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

  it('has nothing under a name until it is committed', async () => {
    const writer = await store.create(NAME);
    await writer.append(Buffer.from('half'));
    expect(await store.open(NAME)).toBeNull();
    expect(await store.names()).toEqual([NAME]);
    await writer.abandon();
    expect(await store.names()).toEqual([]);
    const again = await store.create(NAME);
    await again.commit();
    expect((await store.open(NAME))?.size).toBe(0);
    await store.delete(NAME);
    await store.delete(NAME);
    expect(await readdir(folder)).toEqual(['place']);
  });

  it('is one place for all who share the folder', async () => {
    const others = Array.from({ length: 8 }, () => new FileResultStore(folder));
    const places = await Promise.all(others.map((other) => other.place()));
    expect(new Set(places).size).toBe(1);
    expect(await readdir(folder)).toEqual(['place']);
    const elsewhere = new FileResultStore(`${folder}-2`);
    expect(await elsewhere.place()).not.toBe(places[0]);
  });

  it.each(['../outside.1', 'place', `${NAME}/..`, '', '.'])('takes no name like %j', async (name) => {
    await expect(store.create(name)).rejects.toThrow('is not the name of a result');
    await expect(store.open(name)).rejects.toThrow('is not the name of a result');
    await expect(store.delete(name)).rejects.toThrow('is not the name of a result');
  });

  it('says so when the disk is full', async () => {
    // A device that is always full (null(4)).
    const full = new FileWriter(await open('/dev/full', constants.O_WRONLY), '/dev/shm/none', '/dev/shm');
    const failure = await full.append(Buffer.from('x')).catch((error: unknown) => error);
    expect(isAppError(failure, 'job.storage_full')).toBe(true);
    await full.abandon();
  });
});
