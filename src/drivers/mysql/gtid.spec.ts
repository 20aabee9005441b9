import { coversGtids, unionOfGtids } from './gtid';

const ONE = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const TWO = '4e11fa47-71ca-11e1-9e33-c80aa9429562';

describe('positions in GTIDs', () => {
  it.each([
    ['0-1-5', '0-1-5', true],
    ['0-1-5', '0-1-6', false],
    ['0-2-6', '0-1-5', true],
    ['0-1-10', '0-1-9', true],
    ['0-1-5,1-1-2', '0-1-5', true],
    ['0-1-5', '0-1-5,1-1-1', false],
    ['0-1-18446744073709551615', '0-1-18446744073709551614', true],
    [`${ONE}:1-10`, `${ONE}:1-10`, true],
    [`${ONE}:1-10`, `${ONE}:1-11`, false],
    [`${ONE}:1-10`, `${ONE}:4`, true],
    [`${ONE}:1-3:5-10`, `${ONE}:4`, false],
    [`${ONE}:1-3:5-10`, `${ONE}:6-9:2`, true],
    [`${ONE}:1-10,${TWO}:1-3`, `${TWO}:3`, true],
    [`${ONE}:1-10`, `${TWO}:1`, false],
    [`${ONE.toUpperCase()}:1-10`, `${ONE}:1`, true],
    [`${ONE}:tag:1-10`, `${ONE}:tag:2`, true],
    [`${ONE}:1-10`, `${ONE}:tag:2`, false],
    ['', '0-1-1', false],
    ['0-1-1', '', false],
    ['0-1-1', `${ONE}:1`, false],
    ['nonsense', 'nonsense', false],
  ])('%s holds %s: %s', (position, wanted, holds) => {
    expect(coversGtids(position, wanted)).toBe(holds);
  });

  it.each([
    ['0-1-5', '', '0-1-5'],
    ['', '0-1-5', '0-1-5'],
    ['0-1-5', '0-2-6', '0-2-6'],
    ['0-1-10', '0-2-9', '0-1-10'],
    ['0-1-5,1-1-2', '1-3-4', '0-1-5,1-3-4'],
    ['0-1-5', 'nonsense', ''],
  ])('%s and %s are %s together', (one, other, both) => {
    expect(unionOfGtids(one, other)).toBe(both);
  });
});
