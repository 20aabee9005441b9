import { grant, moveStates, resumable, type MovePosition, type MoveState, type MoveWish } from './move-state';

const at = (state: MoveState, more: Partial<MovePosition> = {}): MovePosition => ({
  state,
  direction: 'forward',
  resumeState: null,
  flippedAt: null,
  ...more,
});
const flippedAt = new Date(0);
const told = (wish: MoveWish, position: MovePosition): string => {
  const granted = grant(wish, position);
  return typeof granted === 'string'
    ? 'no'
    : `${granted.state} ${granted.direction} ${granted.resumeState ?? ''}`.trim();
};

describe('wishes of administrators', () => {
  it.each<[MoveWish, MovePosition, string]>([
    ['stop', at('copying'), 'stopped forward copying'],
    ['stop', at('cutting_over'), 'stopped forward catching_up'],
    ['stop', at('verifying'), 'stopped forward catching_up'],
    ['stop', at('flipped', { flippedAt }), 'stopped forward flipped'],
    ['stop', at('cleaning', { direction: 'back' }), 'stopped back cleaning'],
    ['stop', at('stopped', { resumeState: 'copying' }), 'no'],
    ['stop', at('done'), 'no'],
    ['resume', at('stopped', { resumeState: 'copying' }), 'copying forward'],
    [
      'resume',
      at('failed', { resumeState: 'catching_up', direction: 'back', flippedAt }),
      'catching_up back',
    ],
    ['resume', at('copying'), 'no'],
    ['undo', at('copying'), 'cleaning back'],
    ['undo', at('verifying'), 'cleaning back'],
    ['undo', at('failed', { resumeState: 'catching_up' }), 'cleaning back'],
    ['undo', at('flipped', { flippedAt }), 'catching_up back'],
    ['undo', at('stopped', { resumeState: 'flipped', flippedAt }), 'catching_up back'],
    ['undo', at('cleaning', { flippedAt }), 'no'],
    ['undo', at('stopped', { resumeState: 'cleaning', flippedAt }), 'no'],
    ['undo', at('catching_up', { direction: 'back', flippedAt }), 'no'],
    ['undo', at('undone', { direction: 'back' }), 'no'],
    ['undo', at('done', { flippedAt }), 'no'],
  ])('%s at %j is %s', (wish, position, expected) => {
    expect(told(wish, position)).toBe(expected);
  });

  it('never begin again where a pause would have to hold', () => {
    expect(moveStates.filter((state) => resumable(state) !== state)).toEqual(['cutting_over', 'verifying']);
  });
});
