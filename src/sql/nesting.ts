import { refuse } from './refused';

/** Deepest tree a parser is asked to build; far above what people and query builders write. */
export const maxTreeDepth = 500;
/** Deepest tree a walker descends into, of its own stack; what SQLite takes in an expression. */
export const maxWalkDepth = 1_000;

export function refuseNesting(position?: number): never {
  refuse('query.too_complex', 'The statement nests too deeply or chains too many operators', { position });
}

interface Level {
  /** Operators since the last connective of this list item, and the longest such run. */
  chain: number;
  longest: number;
  connectives: number;
  sets: number;
}

const newLevel = (): Level => ({ chain: 0, longest: 0, connectives: 0, sets: 0 });
const depthOf = (level: Level): number => level.longest + level.connectives + level.sets;

/**
 * Bounds the depth of the tree before a parser builds it, from the tokens alone: parsers written in C and Rust overflow
 * their stack on a long chain of operators, and stay broken afterwards. Operators of one expression nest, those of
 * list items beside each other do not; set operations nest across the whole level.
 */
export class Nesting {
  private readonly outer: Level[] = [];
  private outerDepth = 0;
  private level = newLevel();

  constructor(private readonly max = maxTreeDepth) {}

  open(position: number): void {
    this.outer.push(this.level);
    this.outerDepth += depthOf(this.level) + 1;
    this.level = newLevel();
    this.check(position);
  }

  close(): void {
    const level = this.outer.pop();
    if (level === undefined) return;
    this.level = level;
    this.outerDepth -= depthOf(level) + 1;
  }

  comma(): void {
    this.level = { ...newLevel(), sets: this.level.sets };
  }

  operator(position: number): void {
    this.level.chain += 1;
    this.level.longest = Math.max(this.level.longest, this.level.chain);
    this.check(position);
  }

  /** AND, OR and the like, which bind looser than every operator between them. */
  connective(position: number): void {
    this.level.chain = 0;
    this.level.connectives += 1;
    this.check(position);
  }

  setOperation(position: number): void {
    this.level.sets += 1;
    this.check(position);
  }

  private check(position: number): void {
    if (this.outerDepth + depthOf(this.level) > this.max) refuseNesting(position);
  }
}
