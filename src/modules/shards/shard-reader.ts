import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { roundedMs } from '../../common/rounded-ms';
import { AppError } from '../../common/app-error';
import { decodeCursor, toPage, type Page } from '../../common/pagination';
import type { PageQuery } from '../../common/page-query.dto';
import type { Principal } from '../../common/principal';
import { ConnectionDirectory } from '../connections/connection-directory';
import { Sources } from '../connections/sources.provider';
import { PermissionsService } from '../permissions/permissions.service';
import { statusMeanings } from './shard-status';
import type { ShardView } from './shard-view';
import { ShardRow } from './shard.entity';

const PROBE_TIMEOUT_MS = 2_000;

interface Figures {
  readonly epoch: number;
  readonly keys: number;
}

/** The shards as administrators see them: configuration, state, load. */
@Injectable()
export class ShardReader {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly directory: ConnectionDirectory,
    private readonly sources: Sources,
    private readonly permissions: PermissionsService,
  ) {}

  /** By id. Only shards with an open pool are asked for their latency: a list must not open pools. */
  async list(page: PageQuery): Promise<Page<ShardView>> {
    const select = this.dataSource
      .getRepository(ShardRow)
      .createQueryBuilder('s')
      .orderBy('s.id', 'ASC')
      .limit(page.limit + 1);
    if (page.cursor) select.where('s.id > :after', { after: decodeCursor(page.cursor, ['text'])[0] });
    const { items, nextCursor } = toPage(await select.getMany(), page.limit, ({ id }) => [id]);
    const views = items.map((row) => this.view(row, this.sources.figuresOf(row.connectionId).pool !== null));
    return { items: await Promise.all(views), nextCursor };
  }

  /** @throws AppError `resource.not_found` */
  async get(id: string, probe: boolean): Promise<ShardView> {
    const row = await this.dataSource.getRepository(ShardRow).findOneBy({ id });
    if (!row) throw new AppError('resource.not_found', 'There is no such shard');
    return this.view(row, probe);
  }

  /** Ids of the shards that are active and on whose connection the principal has a permission. */
  async activeIds(principal: Principal): Promise<string[]> {
    const permitted = await this.permissions.connectionIdsOf(principal);
    const rows = await this.dataSource
      .getRepository(ShardRow)
      .find({ where: { status: 'active' }, order: { id: 'ASC' } });
    return rows
      .filter(({ connectionId }) => permitted === null || permitted.includes(connectionId))
      .map(({ id }) => id);
  }

  private async view(row: ShardRow, probe: boolean): Promise<ShardView> {
    const latencyMs = probe && statusMeanings[row.status].connected ? await this.latencyOf(row) : null;
    const [record, { epoch, keys }] = await Promise.all([
      this.directory.require(row.connectionId),
      this.figuresOf(row),
    ]);
    const { health, pool } = this.sources.figuresOf(row.connectionId);
    const { host, port, database, username } = record.publicConfig;
    return {
      shardId: row.id,
      group: row.group,
      type: record.type,
      host: host ?? null,
      port: port ?? null,
      databaseName: database ?? null,
      username: username ?? null,
      status: row.status,
      region: row.region,
      connectionId: row.connectionId,
      epoch,
      state: health?.state ?? 'unknown',
      code: health?.code ?? null,
      latencyMs,
      pool,
      keys,
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
    };
  }

  private async figuresOf({ id, group }: ShardRow): Promise<Figures> {
    const [figures] = (await this.dataSource.query(
      `SELECT g.epoch, (SELECT count(*)::int FROM shard_assignments a WHERE a.group_name = g.name AND a.shard_id = $2) AS keys
       FROM shard_groups g WHERE g.name = $1`,
      [group, id],
    )) as Figures[];
    return figures ?? { epoch: 0, keys: 0 };
  }

  /** Of one round trip on an open session; `null` when the database does not answer, which its health then tells. */
  private async latencyOf({ connectionId }: ShardRow): Promise<number | null> {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    try {
      return await this.sources.use(await this.directory.require(connectionId), signal, async (source) => {
        const startedAt = performance.now();
        await source.test(signal);
        return roundedMs(performance.now() - startedAt);
      });
    } catch {
      return null;
    }
  }
}
