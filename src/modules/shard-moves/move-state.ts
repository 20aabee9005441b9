export const moveStates = [
  'copying',
  'catching_up',
  'cutting_over',
  'verifying',
  'flipped',
  'cleaning',
  'done',
  'stopped',
  'failed',
  'undone',
] as const;
export type MoveState = (typeof moveStates)[number];

/** States in which a runner has something to do. */
export const workingStates = ['copying', 'catching_up', 'cutting_over', 'verifying', 'cleaning'] as const;
export type WorkingState = (typeof workingStates)[number];

export const moveWishes = ['stop', 'resume', 'undo'] as const;
export type MoveWish = (typeof moveWishes)[number];

/** `back`: what was moved, or was to be, goes back to where it was. */
export type MoveDirection = 'forward' | 'back';

export interface MovePosition {
  readonly state: MoveState;
  readonly direction: MoveDirection;
  /** Where a move that stands still goes on. */
  readonly resumeState: MoveState | null;
  /** When the keys changed their owner; `null` while they have not. */
  readonly flippedAt: Date | null;
}

const isWorking = (state: MoveState): boolean => (workingStates as readonly MoveState[]).includes(state);

/** A pause does not outlast its runner: whatever was about to be compared is compared again. */
export function resumable(state: MoveState): MoveState {
  return state === 'cutting_over' || state === 'verifying' ? 'catching_up' : state;
}

type Granted = Pick<MovePosition, 'state' | 'direction' | 'resumeState'>;

const wishes: Readonly<Record<MoveWish, (at: MovePosition) => Granted | string>> = {
  stop: ({ state, direction }) =>
    isWorking(state) || state === 'flipped'
      ? { state: 'stopped', direction, resumeState: resumable(state) }
      : `A move that is ${state} cannot be stopped`,
  resume: ({ state, direction, resumeState }) =>
    (state === 'stopped' || state === 'failed') && resumeState
      ? { state: resumeState, direction, resumeState: null }
      : `A move that is ${state} cannot be resumed`,
  undo: ({ state, direction, resumeState, flippedAt }) => {
    const at = state === 'stopped' || state === 'failed' ? resumeState : state;
    if (direction === 'back') return 'The move is being undone already';
    if (at === 'cleaning' || at === 'done' || at === 'undone' || at === null) {
      return 'The way back is not kept any more: move the keys in the other direction';
    }
    // Until then nobody has worked on the target: what was copied is all there is.
    return { state: flippedAt ? 'catching_up' : 'cleaning', direction: 'back', resumeState: null };
  },
};

/** What becomes of a move by a wish, or why it is not granted. */
export function grant(wish: MoveWish, at: MovePosition): Granted | string {
  return wishes[wish](at);
}
