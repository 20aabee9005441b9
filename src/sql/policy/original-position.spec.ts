import { originalPosition } from './original-position';

describe('originalPosition', () => {
  // "select a from t where b" with `t` (14, 15) replaced by ten letters and one inserted before `where`
  const edits = [
    { start: 14, end: 15, text: '(0123456)t' },
    { start: 16, end: 16, text: '!' },
  ];
  it.each([
    [1, 1],
    [8, 8],
    [15, 15],
    [20, 15],
    [24, 15],
    [25, 16],
    [26, 17],
    [27, 17],
    [33, 23],
  ])('%i was at %i', (sent, written) => {
    expect(originalPosition(edits, sent)).toBe(written);
  });

  it('leaves positions of a text that was not changed', () => {
    expect(originalPosition([], 7)).toBe(7);
  });
});
