import { chooseServer, type Candidate, type Need, type Situation } from './choose-server';

const server = (overrides: Partial<Candidate> = {}): Candidate => ({
  up: true,
  lagMs: 0,
  position: '5',
  outstanding: 0,
  turn: 0,
  ...overrides,
});
const primary = server({ lagMs: null });
const down = server({ up: false });

const situation = (servers: readonly Candidate[], overrides: Partial<Situation> = {}): Situation => ({
  servers,
  primary: 0,
  disputed: false,
  maxLagMs: 1000,
  covers: (position, wanted) => Number(position) >= Number(wanted),
  ...overrides,
});

const write: Need = { kind: 'write' };
const read: Need = { kind: 'replica', after: [] };
const after = (position: string): Need => ({ kind: 'replica', after: [position] });
const ofPrimary: Need = { kind: 'primary' };
const catalog: Need = { kind: 'catalog' };

const cases: [string, Need, Situation, number | string, number[]?][] = [
  ['a write goes to the primary', write, situation([primary, server()]), 0],
  [
    'a write goes to the primary wherever it stands',
    write,
    situation([server(), primary], { primary: 1 }),
    1,
  ],
  [
    'a write without a primary goes nowhere',
    write,
    situation([down, server()], { primary: null }),
    'connection.no_primary',
  ],
  [
    'a write to a primary that is down goes nowhere',
    write,
    situation([down, server()]),
    'connection.no_primary',
  ],
  [
    'a write between two primaries goes nowhere',
    write,
    situation([primary, server()], { disputed: true }),
    'connection.several_primaries',
  ],
  ['a write is not repeated elsewhere', write, situation([primary, server()]), 'connection.no_primary', [0]],
  ['a read goes to a replica', read, situation([primary, server()]), 1],
  [
    'a read goes to the one with the least under way',
    read,
    situation([primary, server({ outstanding: 3 }), server({ outstanding: 2 })]),
    2,
  ],
  [
    'a read goes to the one whose turn was longest ago',
    read,
    situation([primary, server({ turn: 9 }), server({ turn: 8 })]),
    2,
  ],
  [
    'a read leaves out a replica that is down',
    read,
    situation([primary, down, server({ outstanding: 9 })]),
    2,
  ],
  [
    'a read leaves out a replica that lags',
    read,
    situation([primary, server({ lagMs: 1001 }), server({ lagMs: 1000, outstanding: 9 })]),
    2,
  ],
  [
    'a read leaves out a replica whose lag is not known',
    read,
    situation([primary, server({ lagMs: null })]),
    0,
  ],
  [
    'a read leaves out a replica without a position',
    read,
    situation([primary, server({ position: null })]),
    0,
  ],
  ['a read goes to the primary when no replica will do', read, situation([primary, down]), 0],
  [
    'a read goes to the next replica when one has failed',
    read,
    situation([primary, server(), server({ outstanding: 1 })]),
    2,
    [1],
  ],
  ['a read goes to the primary when the replica has failed', read, situation([primary, server()]), 0, [1]],
  [
    'a read that all have failed is refused',
    read,
    situation([primary, server()]),
    'connection.no_primary',
    [0, 1],
  ],
  ['a read goes on without a primary', read, situation([down, server()], { primary: null }), 1],
  [
    'a read goes on between two primaries',
    read,
    situation([primary, server({ lagMs: null }), server()], { disputed: true }),
    2,
  ],
  [
    'a read between two primaries goes to the one that was',
    read,
    situation([primary, server({ lagMs: null })], { disputed: true }),
    0,
  ],
  [
    'a read between two that were never alone goes nowhere',
    read,
    situation([primary, primary], { primary: null, disputed: true }),
    'connection.several_primaries',
  ],
  [
    'a read after a write goes to a replica that has it',
    after('5'),
    situation([primary, server({ position: '4' }), server({ position: '5' })]),
    2,
  ],
  [
    'a read after a write goes to the primary while no replica has it',
    after('6'),
    situation([primary, server()]),
    0,
  ],
  [
    'a read after a write goes nowhere while only others are up',
    after('6'),
    situation([down, server()], { primary: null }),
    'connection.no_primary',
  ],
  ['a read of the primary goes to it', ofPrimary, situation([primary, server()]), 0],
  [
    'a read of the primary goes nowhere else',
    ofPrimary,
    situation([down, server()]),
    'connection.no_primary',
  ],
  ['the catalog is looked up on the primary', catalog, situation([primary, server()]), 0],
  ['the catalog is looked up on a replica without one', catalog, situation([down, server()]), 1],
];

describe('the choice of a server', () => {
  it.each(cases.map(([name, ...rest]) => ({ name, rest })))(
    '$name',
    ({ rest: [need, given, expected, tried = []] }) => {
      const choice = chooseServer(need, given, new Set(tried));
      expect(choice.place ?? choice.refused).toBe(expected);
    },
  );
});
