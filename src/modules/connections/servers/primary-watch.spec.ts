import { PrimaryWatch, type Sighting } from './primary-watch';

type Step = readonly [place: number, sighting: Sighting];

function after(steps: readonly Step[]): { primary: number | null; disputed: boolean } {
  const watch = new PrimaryWatch(3);
  for (const [place, sighting] of steps) watch.note(place, sighting);
  return { primary: watch.primary, disputed: watch.disputed };
}

const usual: Step[] = [
  [0, 'primary'],
  [1, 'replica'],
  [2, 'replica'],
];
const failover: Step[] = [...usual, [0, 'down'], [1, 'primary']];

describe('the watch for the primary', () => {
  it.each<[string, readonly Step[], number | null, boolean]>([
    ['knows none at first', [], null, false],
    [
      'knows none before all were looked at',
      [
        [0, 'primary'],
        [1, 'replica'],
      ],
      null,
      false,
    ],
    ['knows the one that takes writes', usual, 0, false],
    [
      'knows it wherever it stands',
      [
        [0, 'replica'],
        [1, 'primary'],
        [2, 'down'],
      ],
      1,
      false,
    ],
    ['knows none while it is down', [...usual, [0, 'down']], null, false],
    ['knows it again when it is back', [...usual, [0, 'down'], [0, 'primary']], 0, false],
    ['follows a promotion', failover, 1, false],
    ['follows a switch-over', [...usual, [0, 'replica'], [1, 'primary']], 1, false],
    ['follows an order that it sees late', [...usual, [1, 'primary'], [0, 'replica']], 1, false],
    ['disputes an old primary that comes back', [...failover, [0, 'primary']], 1, true],
    [
      'disputes two from the start and knows neither',
      [
        [0, 'primary'],
        [1, 'primary'],
        [2, 'replica'],
      ],
      null,
      true,
    ],
    ['ends the dispute when the old one follows', [...failover, [0, 'primary'], [0, 'replica']], 1, false],
    ['ends the dispute when the old one goes', [...failover, [0, 'primary'], [0, 'down']], 1, false],
    [
      'does not take the old one when the new one goes',
      [...failover, [0, 'primary'], [1, 'down']],
      null,
      true,
    ],
    [
      'takes the new one again when it is back alone',
      [...failover, [0, 'primary'], [1, 'down'], [0, 'down'], [1, 'primary']],
      1,
      false,
    ],
    [
      'takes one promoted beside the old one when that goes',
      [...usual, [1, 'primary'], [0, 'down']],
      1,
      false,
    ],
    ['disputes among three', [...failover, [0, 'primary'], [2, 'primary'], [0, 'replica']], 1, true],
  ])('%s', (_, steps, primary, disputed) => {
    expect(after(steps)).toEqual({ primary, disputed });
  });
});
