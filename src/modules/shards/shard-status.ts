export const shardStatuses = ['active', 'draining', 'read_only', 'maintenance', 'inactive'] as const;
export type ShardStatus = (typeof shardStatuses)[number];

/** What a status means, for whoever asks the shard and for the shard itself. */
export interface StatusMeaning {
  /** `open` to statements, `paused` for a while, or `closed`. */
  readonly door: 'open' | 'paused' | 'closed';
  readonly writable: boolean;
  /** Whether slots that belong to nobody yet may get it. */
  readonly takesSlots: boolean;
  /** Whether there is a pool on its database. */
  readonly connected: boolean;
}

export const statusMeanings: Readonly<Record<ShardStatus, StatusMeaning>> = {
  active: { door: 'open', writable: true, takesSlots: true, connected: true },
  read_only: { door: 'open', writable: false, takesSlots: false, connected: true },
  draining: { door: 'paused', writable: false, takesSlots: false, connected: true },
  maintenance: { door: 'paused', writable: false, takesSlots: false, connected: true },
  inactive: { door: 'closed', writable: false, takesSlots: false, connected: false },
};
