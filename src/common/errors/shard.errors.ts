import type { ErrorDefinition } from './definition';

export const shardErrors = {
  'shard.unknown': { status: 409, title: 'There is no such shard to ask', fault: 'caller' },
  'shard.maintenance': { status: 503, title: 'The shard is paused', fault: 'load', retryable: true },
  'shard.map_changed': {
    status: 503,
    title: 'The shards changed while the statement was prepared',
    fault: 'load',
    retryable: true,
  },
  'shard.in_use': { status: 409, title: 'Keys belong to the shard', fault: 'caller' },
  'shard.not_mergeable': {
    status: 400,
    title: 'The answers of the shards cannot be merged exactly',
    fault: 'caller',
  },
} as const satisfies Record<string, ErrorDefinition>;
