import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import type { Page } from '../../common/pagination';
import { ApiPage } from '../../http/api-answer';
import { AuditLog } from './audit-log.entity';
import { AuditLogReader } from './audit-log.reader';
import { AuditQuery } from './audit-query.dto';

@ApiTags('Audit')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('audit')
export class AuditController {
  constructor(private readonly reader: AuditLogReader) {}

  /** The record: who did what, from where, with which result. Newest first. */
  @Get()
  @Requires('audit.read')
  @ApiOperation({ summary: 'Search the audit log' })
  @ApiPage(AuditLog)
  find(@Query() query: AuditQuery): Promise<Page<AuditLog>> {
    return this.reader.find(query);
  }
}
