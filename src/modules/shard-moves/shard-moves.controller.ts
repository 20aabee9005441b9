import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { AppError } from '../../common/app-error';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiPage } from '../../http/api-answer';
import { SHARD_NAME } from '../shards/shard.dto';
import { ShardMoveBody, ShardMovesQuery, ShardTablesBody } from './shard-move.dto';
import { presentMove, ShardMoveView, ShardTableView } from './shard-move.view';
import { ShardMovesService } from './shard-moves.service';
import { ShardTablesService } from './shard-tables.service';

@ApiTags('Shards')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('shards')
export class ShardMovesController {
  constructor(
    private readonly moves: ShardMovesService,
    private readonly tables: ShardTablesService,
  ) {}

  @Get('groups/:group/tables')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Tables of the shards of a group, and which column of them holds the key' })
  @ApiPage(ShardTableView)
  async listTables(@Param('group') group: string): Promise<Page<ShardTableView>> {
    return { items: await this.tables.list(nameOf(group)), nextCursor: null };
  }

  @Put('groups/:group/tables')
  @Requires('connections.manage')
  @ApiOperation({
    summary: 'Declare all tables of the shards of a group; keys move when every table is declared',
  })
  @ApiPage(ShardTableView)
  async putTables(
    @Param('group') group: string,
    @Body() { items }: ShardTablesBody,
    @CurrentCaller() caller: Caller,
  ): Promise<Page<ShardTableView>> {
    await this.tables.put(caller, nameOf(group), items);
    return this.listTables(group);
  }

  @Get('moves')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Moves of keys, newest first' })
  @ApiPage(ShardMoveView)
  async list(@Query() query: ShardMovesQuery): Promise<Page<ShardMoveView>> {
    const { items, nextCursor } = await this.moves.list(query);
    return { items: items.map(presentMove), nextCursor };
  }

  @Post('moves')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Move keys or buckets to another shard while people work' })
  async create(@Body() body: ShardMoveBody, @CurrentCaller() caller: Caller): Promise<ShardMoveView> {
    return presentMove(await this.moves.create(caller, body));
  }

  @Get('moves/:id')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'State and progress of a move' })
  @ApiOkResponse({ type: ShardMoveView })
  async get(@Param('id', ParseUUIDPipe) id: string): Promise<ShardMoveView> {
    return presentMove(await this.moves.get(id));
  }

  /** What is paused is let in again; what was copied stays where it is. */
  @Post('moves/:id/stop')
  @HttpCode(200)
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Let a move stand still' })
  @ApiOkResponse({ type: ShardMoveView })
  async stop(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentCaller() caller: Caller,
  ): Promise<ShardMoveView> {
    return presentMove(await this.moves.wish(caller, id, 'stop'));
  }

  @Post('moves/:id/resume')
  @HttpCode(200)
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Go on with a move that was stopped or has failed' })
  @ApiOkResponse({ type: ShardMoveView })
  async resume(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentCaller() caller: Caller,
  ): Promise<ShardMoveView> {
    return presentMove(await this.moves.wish(caller, id, 'resume'));
  }

  /** After the flip the rows go back as they are by then. */
  @Post('moves/:id/undo')
  @HttpCode(200)
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Take a move back, until the way back is not kept any more' })
  @ApiOkResponse({ type: ShardMoveView })
  async undo(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentCaller() caller: Caller,
  ): Promise<ShardMoveView> {
    return presentMove(await this.moves.wish(caller, id, 'undo'));
  }
}

function nameOf(text: string): string {
  if (!SHARD_NAME.test(text)) throw new AppError('resource.not_found', 'There is nothing of this name');
  return text;
}
