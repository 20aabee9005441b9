import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error';
import type { Source } from '../../drivers/driver';
import { ConnectionDirectory } from '../connections/connection-directory';
import type { ConnectionRecord } from '../connections/connection-record';
import { Sources } from '../connections/sources.provider';
import type { ShardMap } from '../shards/shard-map';
import { ShardMaps } from '../shards/shard-maps';
import { moveDialectOf } from './dialects';
import type { MoveRange } from './move-table';
import { ShardSide } from './shard-side';

/** The databases of two shards, for as long as `withBoth` runs. */
export interface BothSides<Side> {
  readonly source: Side;
  readonly target: Side;
}

export interface OpenShard {
  readonly record: ConnectionRecord;
  readonly opened: Source;
}

/** Opens the databases of shards through the source factory, as every statement does. */
@Injectable()
export class ShardSides {
  constructor(
    private readonly maps: ShardMaps,
    private readonly directory: ConnectionDirectory,
    private readonly sources: Sources,
  ) {}

  /** @throws AppError `shard.move_refused`, `connection.*` */
  async withBoth<T>(
    group: string,
    { source, target }: BothSides<string>,
    signal: AbortSignal,
    work: (both: BothSides<OpenShard>) => Promise<T>,
  ): Promise<T> {
    const map = await this.maps.read(group);
    return this.withOne(map, source, signal, (one) =>
      this.withOne(map, target, signal, (two) => work({ source: one, target: two })),
    );
  }

  private async withOne<T>(
    map: ShardMap,
    shardId: string,
    signal: AbortSignal,
    work: (shard: OpenShard) => Promise<T>,
  ): Promise<T> {
    const shard = map.shards.get(shardId);
    if (!shard) throw new AppError('shard.move_refused', `There is no shard ${shardId} in the group`);
    const record = await this.directory.require(shard.connectionId);
    if (!record.active) throw new AppError('connection.inactive');
    const lease = await this.sources.lease(record, signal);
    try {
      return await work({ record, opened: lease.source });
    } finally {
      lease.release();
    }
  }
}

export function sideOf({ record, opened }: OpenShard, range: MoveRange, signal: AbortSignal): ShardSide {
  return new ShardSide(opened, moveDialectOf(record.dialect), range, signal);
}
