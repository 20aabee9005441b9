import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Brackets, type DataSource, type SelectQueryBuilder } from 'typeorm';
import { AppError } from '../../common/app-error';
import { groupBy } from '../../common/group-by';
import { containsPattern } from '../../common/like-pattern';
import { decodeCursor, toPage, type Page } from '../../common/pagination';
import type { Principal } from '../../common/principal';
import type { CanonicalType } from '../../drivers/cell';
import type { ForeignKeyInfo, IndexInfo, TableInfo } from '../../drivers/table-info';
import { ConnectionAccess, type AccessibleConnection } from '../connections/connection-access';
import { searchPathOf } from '../connections/connection-record';
import { foldPermission } from '../permissions/decide-statement';
import { RelationVisibility, type ShownRelation } from '../policies/relation-visibility';
import { CachedColumn } from './cached-column.entity';
import { CachedTable } from './cached-table.entity';
import { SchemaCache } from './schema-cache';
import type { SchemaQuery } from './schema.dto';

export interface TableSummary {
  readonly schema: string | null;
  readonly name: string;
  readonly kind: TableInfo['kind'];
  readonly comment: string | null;
  readonly rowEstimate: number | null;
}

export interface ColumnView {
  readonly name: string;
  readonly type: CanonicalType;
  readonly nativeType: string;
  readonly nullable: boolean;
  readonly default: string | null;
  readonly primaryKey: boolean;
  readonly comment: string | null;
  readonly masked: boolean;
}

export interface TableView extends TableSummary {
  readonly columns: readonly ColumnView[];
  readonly primaryKey: readonly string[];
  readonly indexes: readonly IndexInfo[];
  readonly foreignKeys: readonly ForeignKeyInfo[];
}

export interface SchemaView extends Page<TableView> {
  readonly connectionId: string;
  readonly cachedAt: Date;
}

/** Catalogs as their readers may see them: what may not be read does not show. */
@Injectable()
export class SchemaReader {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly access: ConnectionAccess,
    private readonly cache: SchemaCache,
    private readonly visibility: RelationVisibility,
  ) {}

  async tables(principal: Principal, query: SchemaQuery): Promise<Page<TableSummary>> {
    const accessible = await this.access.require(principal, query.connectionId);
    await this.cache.ensure(accessible.connection, query.refresh);
    const { items, nextCursor } = await this.page(accessible, query);
    const shown = await this.shownTo(principal, accessible, items);
    return { items: items.map((table, index) => summaryOf(table, shown[index]!)), nextCursor };
  }

  async schema(principal: Principal, query: SchemaQuery): Promise<SchemaView> {
    const accessible = await this.access.require(principal, query.connectionId);
    const cachedAt = await this.cache.ensure(accessible.connection, query.refresh);
    const { items, nextCursor } = await this.page(accessible, query);
    return {
      connectionId: accessible.connection.id,
      cachedAt,
      items: await this.describe(principal, accessible, items),
      nextCursor,
    };
  }

  /**
   * @param name `table`, or `schema.table`; a table of the search path when no schema is given
   * @throws AppError `resource.not_found`, also for what may not be read
   */
  async table(principal: Principal, name: string, query: SchemaQuery): Promise<TableView> {
    const accessible = await this.access.require(principal, query.connectionId);
    await this.cache.ensure(accessible.connection, query.refresh);
    const candidates = await this.visible(accessible)
      .andWhere(
        new Brackets((named) =>
          named
            .where(`t.schema_name || '.' || t.table_name = :name`, { name })
            .orWhere(
              query.schema === undefined
                ? 't.table_name = :name'
                : 't.table_name = :name AND t.schema_name = :schema',
              {
                name,
                schema: query.schema,
              },
            ),
        ),
      )
      .limit(100)
      .getMany();
    const path = searchPathOf(accessible.connection);
    const rank = ({ schemaName }: CachedTable): number => {
      const index = path.indexOf(schemaName);
      return index < 0 ? path.length : index;
    };
    const [found] = candidates.toSorted((a, b) => rank(a) - rank(b));
    if (!found) throw new AppError('resource.not_found', 'There is no such table');
    const [view] = await this.describe(principal, accessible, [found]);
    return view!;
  }

  private async page(accessible: AccessibleConnection, query: SchemaQuery): Promise<Page<CachedTable>> {
    const select = this.visible(accessible)
      .orderBy('t.schema_name', 'ASC')
      .addOrderBy('t.table_name', 'ASC')
      .limit(query.limit + 1);
    if (query.schema !== undefined) select.andWhere('t.schema_name = :schema', { schema: query.schema });
    if (query.q) {
      select.andWhere('(t.table_name ILIKE :pattern OR t.comment ILIKE :pattern)', {
        pattern: containsPattern(query.q),
      });
    }
    if (query.cursor) {
      const [schema, table] = decodeCursor(query.cursor, ['text', 'text']);
      select.andWhere('(t.schema_name, t.table_name) > (:afterSchema, :afterTable)', {
        afterSchema: schema,
        afterTable: table,
      });
    }
    return toPage(await select.getMany(), query.limit, ({ schemaName, tableName }) => [
      schemaName,
      tableName,
    ]);
  }

  /** The tables of a connection that the permission covers. */
  private visible({
    connection,
    permission: granted,
  }: AccessibleConnection): SelectQueryBuilder<CachedTable> {
    const permission = foldPermission(granted, connection.dialect);
    const folded = (column: string): string =>
      connection.dialect === 'sqlite' ? `lower(${column})` : column;
    const select = this.dataSource
      .getRepository(CachedTable)
      .createQueryBuilder('t')
      .where('t.connection_id = :connectionId', { connectionId: connection.id });
    if (permission.allowedSchemas) {
      select.andWhere(`(t.schema_name = '' OR t.schema_name = ANY(:schemas::text[]))`, {
        schemas: permission.allowedSchemas,
      });
    }
    if (permission.allowedTables) {
      select.andWhere(
        `${folded(`CASE WHEN t.schema_name = '' THEN t.table_name ELSE t.schema_name || '.' || t.table_name END`)}
          = ANY(:tables::text[])`,
        { tables: permission.allowedTables },
      );
    }
    return select;
  }

  private async shownTo(
    principal: Principal,
    { connection, permission }: AccessibleConnection,
    tables: readonly CachedTable[],
  ): Promise<ShownRelation[]> {
    const names = tables.map(({ schemaName, tableName }) => ({
      schema: schemaName === '' ? null : schemaName,
      name: tableName,
    }));
    return this.visibility.of(connection, principal, permission, names);
  }

  private async describe(
    principal: Principal,
    accessible: AccessibleConnection,
    tables: readonly CachedTable[],
  ): Promise<TableView[]> {
    const { connection } = accessible;
    const shown = await this.shownTo(principal, accessible, tables);
    const columns = await this.dataSource
      .getRepository(CachedColumn)
      .createQueryBuilder('c')
      .where('c.connection_id = :connectionId', { connectionId: connection.id })
      .andWhere(
        '(c.schema_name, c.table_name) IN (SELECT * FROM unnest(:schemas::text[], :tables::text[]))',
        {
          schemas: tables.map(({ schemaName }) => schemaName),
          tables: tables.map(({ tableName }) => tableName),
        },
      )
      .orderBy('c.ordinal_position', 'ASC')
      .getMany();
    const byTable = groupBy(columns, keyOf);
    return tables.map((table, index) => {
      const relation = shown[index]!;
      const own = (byTable.get(keyOf(table)) ?? []).filter(
        ({ columnName }) => !relation.isDenied(columnName),
      );
      // an index may name a column inside an expression
      const names = (text: string): boolean =>
        (byTable.get(keyOf(table)) ?? []).some(
          ({ columnName }) => relation.isDenied(columnName) && text.includes(columnName),
        );
      return {
        ...summaryOf(table, relation),
        columns: own.map((column) => columnView(column, relation)),
        primaryKey: own.filter(({ primaryKey }) => primaryKey).map(({ columnName }) => columnName),
        indexes: table.indexes.filter(({ columns: indexed }) => !indexed.some(names)),
        foreignKeys: table.foreignKeys.filter(({ columns: referring }) => !referring.some(names)),
      };
    });
  }
}

function keyOf({ schemaName, tableName }: Pick<CachedTable, 'schemaName' | 'tableName'>): string {
  return JSON.stringify([schemaName, tableName]);
}

function summaryOf(
  { schemaName, tableName, kind, comment, rowEstimate }: CachedTable,
  { filtered }: ShownRelation,
): TableSummary {
  // the estimate would count the rows that are not there for them
  return {
    schema: schemaName || null,
    name: tableName,
    kind,
    comment,
    rowEstimate: filtered ? null : rowEstimate,
  };
}

function columnView(column: CachedColumn, relation: ShownRelation): ColumnView {
  const { columnName, type, nativeType, nullable, defaultExpression, primaryKey, comment } = column;
  const masked = relation.isMasked(columnName);
  return {
    name: columnName,
    type,
    nativeType,
    nullable,
    default: masked ? null : defaultExpression,
    primaryKey,
    comment,
    masked,
  };
}
