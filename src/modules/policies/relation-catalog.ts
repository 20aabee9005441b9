import { Injectable } from '@nestjs/common';
import { CacheService } from '../../cache/cache.service';
import type { ObjectTable } from '../../cache/object-table';
import type { RelationDescription, RelationName } from '../../common/relation-description';
import type { ConnectionRecord } from '../connections/connection-record';
import { Sources } from '../connections/sources.provider';

const MAX_RELATIONS = 20_000;

interface Known {
  readonly description: RelationDescription | null;
}

/**
 * What databases say of their relations, as it was when somebody asked. Nothing is decided on it alone: the driver checks
 * the versions in the transaction of the statement, and what has changed is forgotten here and asked again.
 */
@Injectable()
export class RelationCatalog {
  private readonly known: ObjectTable<Known>;

  constructor(
    private readonly sources: Sources,
    cache: CacheService,
  ) {
    this.known = cache.objects('schema', { max: MAX_RELATIONS });
  }

  /** @returns `undefined` when it was not looked up yet */
  find(connection: ConnectionRecord, relation: RelationName): RelationDescription | null | undefined {
    return this.known.get(keyOf(connection, relation))?.description;
  }

  forget(connection: ConnectionRecord, relations: readonly RelationName[]): void {
    for (const relation of relations) this.known.delete(keyOf(connection, relation));
  }

  /** Looks relations up in the database. @throws AppError of the driver */
  async load(
    connection: ConnectionRecord,
    relations: readonly RelationName[],
    signal: AbortSignal,
  ): Promise<void> {
    const found = await this.sources.use(connection, signal, (source) => source.describe(relations, signal));
    relations.forEach((relation, index) => {
      this.known.set(keyOf(connection, relation), { description: found[index] ?? null });
    });
  }
}

function keyOf({ id, revision }: ConnectionRecord, { schema, name }: RelationName): string {
  return JSON.stringify([id, revision, schema, name]);
}
