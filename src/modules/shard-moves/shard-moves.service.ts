import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { fullName } from '../../common/relation-description';
import { pageNewestFirst } from '../../database/page-newest-first';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { DEFAULT_GROUP } from '../shards/shard.dto';
import type { ShardMap } from '../shards/shard-map';
import { ShardMaps } from '../shards/shard-maps';
import { ShardOwnership } from '../shards/shard-ownership';
import { MOVE_TOPIC } from './move-runner';
import { grant, type MoveWish } from './move-state';
import { detailsOf, moveEvent } from './move-store';
import type { MoveTable } from './move-table';
import { checkEnds, checkKeys, rangeFor, slotsOf } from './new-move';
import { planMove } from './plan-move';
import { readCatalog } from './read-catalog';
import { refused } from './refused';
import { ShardMove } from './shard-move.entity';
import type { ShardMoveBody, ShardMovesQuery } from './shard-move.dto';
import { ShardSides, sideOf } from './shard-sides';
import { ShardTablesService } from './shard-tables.service';

const PLAN_TIMEOUT_MS = 60_000;
/** How long an answer waits for a runner to do what was asked. */
const WISH_WAIT_MS = 5_000;
const LOOK_EVERY_MS = 50;
/** Slots that a record names. */
const MOST_NAMED = 100;

/** Moves as administrators begin, see, stop and undo them. */
@Injectable()
export class ShardMovesService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly maps: ShardMaps,
    private readonly ownership: ShardOwnership,
    private readonly tables: ShardTablesService,
    private readonly sides: ShardSides,
    private readonly signals: SignalBus,
    private readonly audit: AuditService,
  ) {}

  list({ group, ...page }: ShardMovesQuery): Promise<Page<ShardMove>> {
    const select = this.dataSource.getRepository(ShardMove).createQueryBuilder('m');
    if (group !== undefined) select.where('m.group_name = :group', { group });
    return pageNewestFirst(select, page);
  }

  /** @throws AppError `resource.not_found` */
  async get(id: string): Promise<ShardMove> {
    const move = await this.dataSource.getRepository(ShardMove).findOneBy({ id });
    if (!move) throw new AppError('resource.not_found', 'There is no such move');
    return move;
  }

  /**
   * Begins a move. What could go wrong by what is declared or by what is on the shards is refused here, before anything is copied.
   * @throws AppError `shard.move_refused`, `request.invalid`, `resource.not_found`, `connection.*`
   */
  async create(caller: Caller, body: ShardMoveBody): Promise<ShardMove> {
    const group = body.group ?? DEFAULT_GROUP;
    const map = await this.maps.require(group, true);
    checkEnds(map, body);
    const slots = await this.ownedSlots(this.dataSource.manager, map, body);
    await refuseOverlapping(this.dataSource.manager, group, slots);
    const tables = await this.plan(map, body, slots);
    const id = await this.signals.transaction(async (manager) => {
      await this.ownership.lock(manager, group);
      checkEnds(await this.maps.read(group, manager), body);
      const owned = await this.ownership.ownedBy(manager, group, body.source, slots);
      if (owned.length !== slots.length) throw refused('Some of the keys have just got another shard');
      await refuseOverlapping(manager, group, slots);
      const [row] = (await manager.query(
        `INSERT INTO shard_moves (group_name, source_id, target_id, slots, keys, tables, state, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, 'copying', $7) RETURNING id`,
        [
          group,
          body.source,
          body.target,
          slots,
          body.keys ?? null,
          JSON.stringify(tables),
          caller.principal.userId,
        ],
      )) as { id: string }[];
      const what = {
        group,
        sourceId: body.source,
        targetId: body.target,
        slots,
        direction: 'forward',
      } as const;
      await this.audit.recordIn(manager, {
        ...byCaller(caller),
        ...moveEvent(row!, 'create'),
        details: { ...detailsOf(what), named: slots.slice(0, MOST_NAMED), tables: tables.map(fullName) },
      });
      // From here on answers over all shards would count rows twice.
      await this.ownership.raiseEpoch(manager, group);
      await this.signals.publish(manager, MOVE_TOPIC, row!.id);
      return row!.id;
    });
    return this.get(id);
  }

  /**
   * Asks the runner for something, and waits a moment for it.
   * @throws AppError `resource.not_found`, `request.conflict`
   */
  async wish(caller: Caller, id: string, wish: MoveWish): Promise<ShardMove> {
    await this.signals.transaction(async (manager) => {
      const move = await manager.findOne(ShardMove, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!move) throw new AppError('resource.not_found', 'There is no such move');
      if (move.wish && move.wish !== wish) {
        throw new AppError('request.conflict', `The move is about to ${move.wish}`);
      }
      const granted = grant(wish, move);
      if (typeof granted === 'string') throw new AppError('request.conflict', granted);
      await manager.update(ShardMove, { id }, { wish });
      await this.audit.recordIn(manager, {
        ...byCaller(caller),
        ...moveEvent(move, wish),
        details: detailsOf(move),
      });
      await this.signals.publish(manager, MOVE_TOPIC, id);
    });
    const until = performance.now() + WISH_WAIT_MS;
    for (;;) {
      const move = await this.get(id);
      if (move.wish === null || performance.now() > until) return move;
      await sleep(LOOK_EVERY_MS);
    }
  }

  private async ownedSlots(manager: EntityManager, map: ShardMap, body: ShardMoveBody): Promise<string[]> {
    const named = slotsOf(map, body);
    const owned = await this.ownership.ownedBy(manager, map.group, body.source, named);
    if (body.keys && owned.length < named.length) {
      throw refused(`Some of the keys do not belong to the shard ${body.source}`);
    }
    if (owned.length === 0) throw refused(`None of the buckets belongs to the shard ${body.source}`);
    return owned;
  }

  private plan(map: ShardMap, body: ShardMoveBody, slots: readonly string[]): Promise<MoveTable[]> {
    const signal = AbortSignal.timeout(PLAN_TIMEOUT_MS);
    return this.sides.withBoth(map.group, body, signal, async ({ source, target }) => {
      const { dialect } = source.record;
      if (dialect === null || target.record.dialect !== dialect) {
        throw refused('The shards are of different engines');
      }
      const readOnly = [source, target].find(({ record }) => record.readOnly);
      if (readOnly) throw refused(`The connection ${readOnly.record.name} is read-only`);
      const declared = (await this.tables.list(map.group)).map(({ schema, table, keyColumn }) => ({
        schema: dialect === 'postgresql' ? (schema ?? 'public') : schema,
        table,
        keyColumn,
      }));
      if (dialect === 'mysql' && declared.some(({ schema }) => schema !== null)) {
        throw refused('Tables of MySQL shards are those of their database: declare them without a schema');
      }
      const tables = planMove(
        declared,
        await readCatalog(source.opened, dialect, signal),
        await readCatalog(target.opened, dialect, signal),
      );
      if (body.keys) checkKeys(tables, body.keys);
      const there = sideOf(target, rangeFor(map, body, slots), signal);
      for (const table of tables) {
        // Whoever they belong to: the move would make them what the source has.
        if (await there.hasRows(table)) {
          throw refused(`${fullName(table)} on the target has rows of these keys already`);
        }
      }
      return tables;
    });
  }
}

async function refuseOverlapping(
  manager: EntityManager,
  group: string,
  slots: readonly string[],
): Promise<void> {
  const overlapping = (await manager.query(
    'SELECT 1 FROM shard_moves WHERE group_name = $1 AND finished_at IS NULL AND slots && $2::text[]',
    [group, slots],
  )) as unknown[];
  if (overlapping.length > 0) throw refused('Another move that is not finished has some of the keys');
}
