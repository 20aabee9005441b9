import { postgresqlReplication } from './replication';

describe('positions in the write-ahead log', () => {
  it.each([
    ['0/16B3748', '0/16B3748', true],
    ['0/16B3748', '0/16B3749', false],
    ['1/0', '0/FFFFFFFF', true],
    ['0/FFFFFFFF', '1/0', false],
    ['A/0', '9/FFFFFFFF', true],
    ['10/0', 'F/0', true],
    ['', '0/1', false],
    ['0/1', 'nonsense', false],
  ])('%s holds %s: %s', (position, wanted, holds) => {
    expect(postgresqlReplication.covers(position, wanted)).toBe(holds);
  });
});
