import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import type { Page } from '../../common/pagination';
import { pageNewestFirst } from '../../database/page-newest-first';
import { AuditLog } from './audit-log.entity';
import type { AuditQuery } from './audit-query.dto';

/** Finds records, newest first. */
@Injectable()
export class AuditLogReader {
  constructor(@InjectRepository(AuditLog) private readonly logs: Repository<AuditLog>) {}

  async find(query: AuditQuery): Promise<Page<AuditLog>> {
    const select = this.logs.createQueryBuilder('log');
    const area = query.action?.endsWith('.*') ? query.action.slice(0, -1) : null;
    const filters: [unknown, string, Record<string, unknown>][] = [
      [query.userId, 'log.user_id = :userId', { userId: query.userId }],
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
    return pageNewestFirst(select, query);
  }
}
