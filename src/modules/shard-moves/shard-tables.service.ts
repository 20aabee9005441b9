import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { ShardMaps } from '../shards/shard-maps';
import type { DeclaredTable } from './plan-move';
import { ShardTable } from './shard-table.entity';
import type { ShardTableView } from './shard-move.view';
import type { ShardTableBody } from './shard-move.dto';

/** The tables of the shards of a group, as they are declared. */
@Injectable()
export class ShardTablesService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly maps: ShardMaps,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError `resource.not_found` */
  async list(group: string): Promise<(DeclaredTable & ShardTableView)[]> {
    await this.maps.require(group);
    const rows = await this.dataSource
      .getRepository(ShardTable)
      .find({ where: { group }, order: { schema: 'ASC', table: 'ASC' } });
    return rows.map(({ schema, table, keyColumn }) => ({ schema: schema || null, table, keyColumn }));
  }

  /**
   * Declares all tables of a group anew. Moves that have begun go on with those they were begun with.
   * @throws AppError `resource.not_found`, `request.invalid`
   */
  async put(caller: Caller, group: string, items: readonly ShardTableBody[]): Promise<void> {
    await this.maps.require(group, true);
    const rows = items.map(({ schema, table, keyColumn }) => ({
      group,
      schema: schema ?? '',
      table,
      keyColumn: keyColumn ?? null,
    }));
    if (new Set(rows.map(({ schema, table }) => JSON.stringify([schema, table]))).size < rows.length) {
      throw new AppError('request.invalid', 'A table is declared twice', {
        errors: [{ path: '/items', message: 'must name every table once' }],
      });
    }
    await this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM shard_groups WHERE name = $1 FOR NO KEY UPDATE', [group]);
      await manager.delete(ShardTable, { group });
      await manager.insert(ShardTable, rows);
      await this.audit.recordIn(manager, {
        ...byCaller(caller),
        action: 'shard_group.tables',
        resourceType: 'shard_group',
        resourceId: group,
        result: 'success',
        details: { tables: rows.map(({ schema, table, keyColumn }) => ({ schema, table, keyColumn })) },
      });
    });
  }
}
