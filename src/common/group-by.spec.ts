import { groupBy } from './group-by';

describe('groupBy', () => {
  it('keeps the order of the groups and of what is in them', () => {
    expect([...groupBy([3, 1, 4, 5, 2], (n) => n % 2)]).toEqual([
      [1, [3, 1, 5]],
      [0, [4, 2]],
    ]);
  });
});
