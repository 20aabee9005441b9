import { directory } from './directory';
import type { Strategy } from './strategy';

/** A row for each key, and only shards of the region that the attribute `region` of the user names. */
export const region: Strategy = {
  slotOf: directory.slotOf,
  candidatesFor: ({ region: wanted }, shards) =>
    typeof wanted === 'string' ? shards.filter((shard) => shard.region === wanted) : [],
};
