import { refuse } from '../refused';

/** @throws Refused always */
export function refuseMerge(construct: string): never {
  return refuse('shard.not_mergeable', `${construct} cannot be merged over shards exactly`, { construct });
}
