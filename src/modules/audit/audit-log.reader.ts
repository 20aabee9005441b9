import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { decodeCursor, toPage, type Page } from '../../common/pagination';
import { AuditLog } from './audit-log.entity';
import type { AuditQuery } from './audit-query.dto';

/** Finds records, newest first. */
@Injectable()
export class AuditLogReader {
  constructor(@InjectRepository(AuditLog) private readonly logs: Repository<AuditLog>) {}

  async find(query: AuditQuery): Promise<Page<AuditLog>> {
    const select = this.logs
      .createQueryBuilder('log')
      // Times are compared at the database's precision: a Date would cut the microseconds the order hangs on.
      .addSelect(`to_char(log.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.USOF')`, 'sort_key')
      .orderBy('log.created_at', 'DESC')
      .addOrderBy('log.id', 'DESC')
      .limit(query.limit + 1);
    const area = query.action?.endsWith('.*') ? query.action.slice(0, -1) : null;
    const filters: [unknown, string, Record<string, unknown>][] = [
      [query.userId, 'log.actor_id = :userId', { userId: query.userId }],
      [area, 'starts_with(log.action, :area)', { area }],
      [area === null && query.action, 'log.action = :action', { action: query.action }],
      [query.resourceType, 'log.resource_type = :resourceType', { resourceType: query.resourceType }],
      [query.resourceId, 'log.resource_id = :resourceId', { resourceId: query.resourceId }],
      [query.requestId, 'log.request_id = :requestId', { requestId: query.requestId }],
      [query.result, 'log.result = :result', { result: query.result }],
      [query.from, 'log.created_at >= :from', { from: query.from }],
      [query.to, 'log.created_at < :to', { to: query.to }],
    ];
    for (const [given, condition, parameters] of filters) {
      if (given) select.andWhere(condition, parameters);
    }
    if (query.cursor) {
      const [at, id] = decodeCursor(query.cursor, 2);
      select.andWhere('(log.created_at, log.id) < (:at::timestamptz, :id::uuid)', { at, id });
    }
    const { entities, raw } = await select.getRawAndEntities<{ sort_key: string }>();
    const keyed = entities.map((entity, index) => ({ entity, key: raw[index]!.sort_key }));
    const page = toPage(keyed, query.limit, ({ entity, key }) => [key, entity.id]);
    return { items: page.items.map(({ entity }) => entity), nextCursor: page.nextCursor };
  }
}
