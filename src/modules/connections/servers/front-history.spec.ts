import { FrontHistory } from './front-history';

const historyOf = (...notes: [position: string, at: number][]): FrontHistory => {
  const history = new FrontHistory((position, wanted) => Number(position) >= Number(wanted));
  for (const [position, at] of notes) history.note(position, at);
  return history;
};

describe('how far a replica is behind', () => {
  it('is nothing for one that has all that is known', () => {
    expect(historyOf(['5', 0], ['9', 1000]).lagOf('9', 5000)).toBe(0);
    expect(historyOf(['5', 0], ['9', 1000]).lagOf('12', 5000)).toBe(0);
  });

  it('is the time since the primary was last where the replica is', () => {
    const history = historyOf(['5', 0], ['7', 1000], ['9', 2000]);
    expect(history.lagOf('7', 5000)).toBe(4000);
    expect(history.lagOf('8', 5000)).toBe(4000);
    expect(history.lagOf('6', 5000)).toBe(5000);
  });

  it('counts from the end of a time in which nothing was written', () => {
    expect(historyOf(['5', 0], ['5', 60_000], ['6', 61_000]).lagOf('5', 61_500)).toBe(1500);
  });

  it('is not known for one that is behind everything', () => {
    expect(historyOf(['5', 0]).lagOf('4', 10)).toBeNull();
    expect(historyOf().lagOf('4', 10)).toBeNull();
  });

  it('is measured by the farthest when there is no primary', () => {
    const history = historyOf();
    history.noteFarthest('5', 0);
    history.noteFarthest('9', 1000);
    history.noteFarthest('6', 2000);
    expect(history.lagOf('9', 3000)).toBe(0);
    expect(history.lagOf('6', 3000)).toBe(3000);
  });

  it('begins anew with another primary', () => {
    const history = historyOf(['50', 0]);
    history.clear();
    history.note('40', 10);
    expect(history.lagOf('40', 20)).toBe(0);
  });
});
