/** Seed of the lock keys, so that they collide with no other lock of the service. */
const SEED = 7_250_113;

/**
 * The advisory lock of a chain, as SQL of a parameter that holds its id. The session that adds to a chain holds it;
 * whoever has it knows that nothing else is being added.
 */
export function chainLockKey(parameter: string): string {
  return `hashtextextended(${parameter}::text, ${SEED})`;
}
