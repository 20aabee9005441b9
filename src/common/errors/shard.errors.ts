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
  'shard.moving': {
    status: 503,
    title: 'Keys are about to change their shard',
    fault: 'load',
    retryable: true,
  },
  'shard.move_refused': { status: 409, title: 'The keys cannot be moved', fault: 'caller' },
  'shard.move_differs': { status: 502, title: 'The rows of the two shards differ', fault: 'owner' },
  'shard.move_pause_over': {
    status: 503,
    title: 'The pause was too short for the last step of a move',
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
