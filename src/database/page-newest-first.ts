import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { decodeCursor, toPage, type Page } from '../common/pagination';

/**
 * A page of rows with `created_at` and `id`, newest first. Times travel in the cursor at the database's precision: a
 * Date would cut the microseconds that the order hangs on.
 */
export async function pageNewestFirst<T extends ObjectLiteral & { readonly id: string }>(
  select: SelectQueryBuilder<T>,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): Promise<Page<T>> {
  const { alias } = select;
  select
    .addSelect(`to_char(${alias}.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.USOF')`, 'sort_key')
    .orderBy(`${alias}.created_at`, 'DESC')
    .addOrderBy(`${alias}.id`, 'DESC')
    .limit(limit + 1);
  if (cursor) {
    const [at, id] = decodeCursor(cursor, ['time', 'uuid']);
    select.andWhere(`(${alias}.created_at, ${alias}.id) < (:at::timestamptz, :id::uuid)`, { at, id });
  }
  const { entities, raw } = await select.getRawAndEntities<{ sort_key: string }>();
  const keyed = entities.map((entity, index) => ({ entity, key: raw[index]!.sort_key }));
  const page = toPage(keyed, limit, ({ entity, key }) => [key, entity.id]);
  return { items: page.items.map(({ entity }) => entity), nextCursor: page.nextCursor };
}
