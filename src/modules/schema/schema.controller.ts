import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiAnswer } from '../../http/api-answer';
import { SchemaQuery } from './schema.dto';
import { SchemaReader, type SchemaView, type TableSummary, type TableView } from './schema.reader';
import { tableExample, tableSummaryExample } from './table.example';

@ApiTags('Schema')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('database/schema')
export class SchemaController {
  constructor(private readonly schema: SchemaReader) {}

  @Get()
  @Requires('schema.read')
  @ApiOperation({
    summary: 'Tables with their columns, keys and indexes, as far as the caller may read them',
  })
  @ApiAnswer({
    connectionId: '797acc11-1895-4207-8cb6-4085b6bd9c89',
    cachedAt: '2026-11-20T22:56:27.342Z',
    items: [tableExample],
    nextCursor: null,
  })
  whole(@Query() query: SchemaQuery, @CurrentCaller() { principal }: Caller): Promise<SchemaView> {
    return this.schema.schema(principal, query);
  }

  @Get('tables')
  @Requires('schema.read')
  @ApiOperation({ summary: 'Names of tables; searchable' })
  @ApiAnswer({ items: [tableSummaryExample], nextCursor: null })
  tables(@Query() query: SchemaQuery, @CurrentCaller() { principal }: Caller): Promise<Page<TableSummary>> {
    return this.schema.tables(principal, query);
  }

  @Get('tables/:name')
  @Requires('schema.read')
  @ApiOperation({ summary: 'One table, by `table` or `schema.table`' })
  @ApiAnswer(tableExample)
  table(
    @Param('name') name: string,
    @Query() query: SchemaQuery,
    @CurrentCaller() { principal }: Caller,
  ): Promise<TableView> {
    return this.schema.table(principal, name, query);
  }
}
