import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { cacheKinds } from '../../cache/cache-kinds';
import type { TableInfo } from '../../drivers/table-info';
import type { ConnectionRecord } from '../connections/connection-record';
import { ConnectionDirectory } from '../connections/connection-directory';
import { Sources } from '../connections/sources.provider';

const INTROSPECT_MS = 120_000;
const ROWS_PER_INSERT = 5000;

/**
 * The catalogs of the connected databases as they were last read, in the system database: browsing ten thousand tables
 * asks nobody else. Read anew after a day, when the connection changed, and when somebody asks for it.
 */
@Injectable()
export class SchemaCache {
  private readonly refreshing = new Map<string, Promise<void>>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly sources: Sources,
    private readonly directory: ConnectionDirectory,
  ) {}

  /**
   * Makes sure that there is a catalog no older than a day.
   * @param refresh reads it anew in any case
   * @returns when it was read
   */
  async ensure(connection: ConnectionRecord, refresh: boolean): Promise<Date> {
    const known = refresh ? null : await this.directory.schemaReadAt(connection);
    if (known && Date.now() - known.getTime() < cacheKinds.schema * 1000) return known;
    await this.refresh(connection);
    return (await this.directory.schemaReadAt(connection)) ?? new Date();
  }

  /** However many ask for one connection at once, the database is asked once. */
  private async refresh(connection: ConnectionRecord): Promise<void> {
    const key = `${connection.id}:${connection.revision}`;
    let running = this.refreshing.get(key);
    if (!running) {
      running = this.introspect(connection).finally(() => this.refreshing.delete(key));
      this.refreshing.set(key, running);
    }
    await running;
  }

  private async introspect(connection: ConnectionRecord): Promise<void> {
    const signal = AbortSignal.timeout(INTROSPECT_MS);
    const tables = await this.sources.use(connection, signal, (source) => source.introspect(signal));
    const schemas = [...new Set(tables.map(({ schema }) => schema))];
    await this.dataSource.transaction(async (manager) => {
      // Locks the connection's row: two replicas that read at once write one after the other.
      await this.directory.noteSchemaRead(manager, connection, { tables: tables.length, schemas });
      await replaceCatalog(manager, connection, tables);
    });
  }
}

async function replaceCatalog(
  manager: EntityManager,
  { id }: ConnectionRecord,
  tables: readonly TableInfo[],
): Promise<void> {
  await manager.query('DELETE FROM cached_schema_info WHERE connection_id = $1', [id]);
  await manager.query('DELETE FROM cached_schema_tables WHERE connection_id = $1', [id]);
  for (const part of chunks(tables)) {
    await manager.query(
      `INSERT INTO cached_schema_tables
         (connection_id, schema_name, table_name, kind, comment, row_estimate, indexes, foreign_keys)
       SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::jsonb[], $8::jsonb[])`,
      [
        id,
        part.map(({ schema }) => schema ?? ''),
        part.map(({ name }) => name),
        part.map(({ kind }) => kind),
        part.map(({ comment }) => comment),
        part.map(({ rowEstimate }) => rowEstimate),
        part.map(({ indexes }) => JSON.stringify(indexes)),
        part.map(({ foreignKeys }) => JSON.stringify(foreignKeys)),
      ],
    );
  }
  const columns = tables.flatMap((table) =>
    table.columns.map((column, index) => ({
      ...column,
      table: table.name,
      schema: table.schema ?? '',
      index,
    })),
  );
  for (const part of chunks(columns)) {
    await manager.query(
      `INSERT INTO cached_schema_info (connection_id, schema_name, table_name, column_name, ordinal_position,
         canonical_type, data_type, is_nullable, column_default, is_primary_key, comment)
       SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::boolean[],
         $9::text[], $10::boolean[], $11::text[])`,
      [
        id,
        part.map(({ schema }) => schema),
        part.map(({ table }) => table),
        part.map(({ name }) => name),
        part.map(({ index }) => index + 1),
        part.map(({ type }) => type),
        part.map(({ nativeType }) => nativeType),
        part.map(({ nullable }) => nullable),
        part.map(({ defaultExpression }) => defaultExpression),
        part.map(({ primaryKey }) => primaryKey),
        part.map(({ comment }) => comment),
      ],
    );
  }
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += ROWS_PER_INSERT) yield items.slice(at, at + ROWS_PER_INSERT);
}
