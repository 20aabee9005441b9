import { memoryStore } from './memory-store';

describe('memoryStore', () => {
  it('keeps, replaces and deletes', async () => {
    const store = memoryStore();
    await store.set('a', '1', 60);
    await store.set('a', '2', 60);
    expect(await store.get('a')).toBe('2');
    await store.delete('a');
    expect(await store.get('a')).toBeNull();
  });

  it('forgets after the time to live', async () => {
    const store = memoryStore();
    await store.set('a', '1', 0.02);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(await store.get('a')).toBeNull();
  });

  it('drops the least recently used before it outgrows its bound', async () => {
    const store = memoryStore(1000);
    await store.set('a', 'x'.repeat(150), 60);
    await store.set('b', 'x'.repeat(150), 60);
    await store.get('a');
    await store.set('c', 'x'.repeat(150), 60);
    expect([await store.get('a'), await store.get('b')].map((value) => value !== null)).toEqual([
      true,
      false,
    ]);
  });
});
