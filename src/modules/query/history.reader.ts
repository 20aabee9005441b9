import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Brackets, type Repository } from 'typeorm';
import { AppError } from '../../common/app-error';
import { containsPattern } from '../../common/like-pattern';
import type { Page } from '../../common/pagination';
import type { Principal } from '../../common/principal';
import { pageNewestFirst } from '../../database/page-newest-first';
import type { HistoryQuery } from './history-query.dto';
import { QueryHistory } from './query-history.entity';
import { RunRecorder } from './run-recorder';

/** Finds runs, newest first: one's own, or everybody's for administrators. */
@Injectable()
export class HistoryReader {
  constructor(
    @InjectRepository(QueryHistory) private readonly history: Repository<QueryHistory>,
    private readonly recorder: RunRecorder,
  ) {}

  async find(principal: Principal, query: HistoryQuery): Promise<Page<QueryHistory>> {
    // Outcomes are written behind the answers; who reads here sees those of the answers already given.
    await this.recorder.settled();
    const userId = principal.role === 'admin' ? query.userId : principal.userId;
    const select = this.history.createQueryBuilder('h');
    if (userId) select.andWhere('h.user_id = :userId', { userId });
    if (query.status) select.andWhere('h.status = :status', { status: query.status });
    if (query.connectionId)
      select.andWhere('h.connection_id = :connectionId', { connectionId: query.connectionId });
    if (query.from) select.andWhere('h.created_at >= :from', { from: query.from });
    if (query.to) select.andWhere('h.created_at < :to', { to: query.to });
    if (query.q) {
      const pattern = containsPattern(query.q);
      select.andWhere(
        new Brackets((any) =>
          any
            .where('h.generated_sql ILIKE :pattern', { pattern })
            .orWhere('h.question ILIKE :pattern', { pattern })
            .orWhere('h.error_message ILIKE :pattern', { pattern }),
        ),
      );
    }
    return pageNewestFirst(select, query);
  }

  /** @throws AppError `resource.not_found`, for somebody else's, too */
  async get(principal: Principal, id: string): Promise<QueryHistory> {
    await this.recorder.settled();
    const found = await this.history.findOneBy({ id });
    if (!found || (principal.role !== 'admin' && found.userId !== principal.userId)) {
      throw new AppError('resource.not_found');
    }
    return found;
  }
}
