import type { Row } from '../../drivers/cell';
import type { Cursor } from '../../drivers/driver';
import { ShardFeed } from './shard-feed';

/** A cursor of so many batches, which counts how many of them were read. */
function cursorOf(batches: readonly (readonly Row[])[], read: { count: number }): Cursor {
  return {
    columns: [{ name: 'n', type: 'integer', nativeType: 'int' }],
    affectedRows: null,
    read: async () => [...(batches[read.count++] ?? [])],
    [Symbol.asyncDispose]: async () => undefined,
  };
}
const thousand = Array.from({ length: 1000 }, (_, n): Row => [n]);

describe('ShardFeed', () => {
  it('gives the rows in their order, and none at the end', async () => {
    const feed = new ShardFeed();
    const poured = feed.pour(cursorOf([[[1], [2]], [[3]]], { count: 0 }));
    await feed.ready();
    expect(feed.columns.map(({ name }) => name)).toEqual(['n']);
    expect([await feed.read(), await feed.read(), await feed.read()]).toEqual([[[1], [2]], [[3]], []]);
    expect(await poured).toEqual({ rowCount: 3, bytes: null, truncated: false, cached: false });
  });

  it('does not read far ahead of the merge', async () => {
    const read = { count: 0 };
    const feed = new ShardFeed();
    const poured = feed.pour(cursorOf([thousand, thousand, thousand], read));
    await feed.ready();
    await new Promise((resolve) => setImmediate(resolve));
    expect(read.count).toBe(1);
    await feed.read();
    await new Promise((resolve) => setImmediate(resolve));
    expect(read.count).toBe(2);
    expect(feed.stop()).toBe(true);
    expect(await poured).toEqual({ rowCount: 2000, bytes: null, truncated: true, cached: false });
  });

  it('lets go of who pours when the run is stopped', async () => {
    const feed = new ShardFeed();
    const poured = feed.pour(cursorOf([thousand, thousand], { count: 0 }));
    await feed.ready();
    feed.interrupt(new Error('stopped'));
    await expect(poured).rejects.toThrow('stopped');
  });

  it('fails both who waits for it and who reads it', async () => {
    const feed = new ShardFeed();
    const waiting = feed.ready();
    feed.fail(new Error('gone'));
    feed.fail(new Error('later'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(feed.read()).rejects.toThrow('gone');
    expect(feed.stop()).toBe(false);
  });
});
