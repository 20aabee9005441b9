import { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Requires } from '../../../common/access';
import { CurrentCaller } from '../../../common/caller.decorator';
import type { Caller } from '../../../common/principal';
import { ExportQuery } from './export-query.dto';
import { ExportService } from './export.service';

const contentTypes = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
} as const;

@ApiTags('Audit')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('audit')
export class ExportController {
  constructor(private readonly exports: ExportService) {}

  /**
   * The record as it comes out of the database, in one snapshot; who reads slowly slows the reading. NDJSON without
   * filters is the whole ledger with its roots, which can be verified as a whole. An answer whose last line is not of
   * type `end` was cut off.
   */
  @Get('export')
  @Requires('audit.read')
  @ApiOperation({ summary: 'Export the record' })
  @ApiProduces('application/x-ndjson', 'text/csv')
  @ApiOkResponse({ schema: { type: 'string' } })
  async export(
    @Query() query: ExportQuery,
    @CurrentCaller() caller: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const lines = await this.exports.start(caller, query);
    await reply
      .header('content-type', contentTypes[query.format])
      .header('content-disposition', `attachment; filename="audit.${query.format}"`)
      .header('cache-control', 'no-store')
      .send(Readable.from(lines, { objectMode: true, highWaterMark: 1 }));
  }
}
