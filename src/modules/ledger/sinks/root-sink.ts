import type { RootLine } from '../root-line';

/** A place outside of the table where roots go, in order, each at least once. */
export interface RootSink {
  readonly name: string;
  /** The number of the last root that arrived; 0 for none. */
  position(): Promise<number>;
  /** @throws when they did not arrive, or when what arrived before does not go with them */
  append(roots: readonly RootLine[]): Promise<void>;
}
