import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { AppError } from '../../common/app-error';
import { isStorableText } from '../../common/is-storable-text';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import { PageQuery } from '../../common/page-query.dto';
import type { Page } from '../../common/pagination';
import type { Caller } from '../../common/principal';
import { ApiAnswer, ApiPage } from '../../http/api-answer';
import { SHARD_NAME, ShardBody, ShardGroupBody, ShardKeyBody, ShardPatch, ShardQuery } from './shard.dto';
import { ShardBalanceService } from './shard-balance.service';
import { ShardBalanceView } from './shard-balance.view';
import { ShardGroupsService } from './shard-groups.service';
import { ShardKeysService } from './shard-keys.service';
import { ShardReader } from './shard-reader';
import { ShardGroupView, ShardKeyView, ShardView } from './shard-view';
import { ShardsService } from './shards.service';

@ApiTags('Shards')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('shards')
export class ShardsController {
  constructor(
    private readonly shards: ShardsService,
    private readonly groups: ShardGroupsService,
    private readonly keys: ShardKeysService,
    private readonly reader: ShardReader,
    private readonly balances: ShardBalanceService,
  ) {}

  @Get()
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Every shard: where it is, status, state, latency, pool and keys' })
  @ApiPage(ShardView)
  list(@Query() page: PageQuery): Promise<Page<ShardView>> {
    return this.reader.list(page);
  }

  @Post()
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Add a shard; it is connected when it is first asked' })
  @ApiBody({ type: ShardBody })
  async create(@Body() body: ShardBody, @CurrentCaller() caller: Caller): Promise<ShardView> {
    await this.shards.create(caller, body);
    return this.reader.get(body.shardId, false);
  }

  @Get('active')
  @Requires('connections.read')
  @ApiOperation({ summary: 'Ids of the active shards that the caller may use' })
  @ApiAnswer({ items: ['shard-1', 'shard-2'] })
  async active(@CurrentCaller() { principal }: Caller): Promise<{ items: string[] }> {
    return { items: await this.reader.activeIds(principal) };
  }

  @Get('groups')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Groups: the global database, and how keys come to shards' })
  @ApiPage(ShardGroupView)
  async listGroups(): Promise<Page<ShardGroupView>> {
    return { items: await this.groups.list(), nextCursor: null };
  }

  @Put('groups/:group')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Make or change a group; members that are not sent stay' })
  @ApiOkResponse({ type: ShardGroupView })
  async putGroup(
    @Param('group') group: string,
    @Body() body: ShardGroupBody,
    @CurrentCaller() caller: Caller,
  ): Promise<ShardGroupView> {
    return this.groups.put(caller, nameOf(group), body);
  }

  @Get('groups/:group/balance')
  @Requires('connections.manage')
  @ApiOperation({
    summary: 'Keys of each shard, and the moves that would even them out; nothing is moved by asking',
  })
  @ApiOkResponse({ type: ShardBalanceView })
  balance(@Param('group') group: string): Promise<ShardBalanceView> {
    return this.balances.propose(nameOf(group));
  }

  @Get('groups/:group/keys/:key')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'The shard of a key' })
  @ApiOkResponse({ type: ShardKeyView })
  getKey(@Param('group') group: string, @Param('key') key: string): Promise<ShardKeyView> {
    return this.keys.get(nameOf(group), keyOf(key));
  }

  @Put('groups/:group/keys/:key')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Put a key that belongs to no shard yet on one' })
  @ApiOkResponse({ type: ShardKeyView })
  putKey(
    @Param('group') group: string,
    @Param('key') key: string,
    @Body() { shardId }: ShardKeyBody,
    @CurrentCaller() caller: Caller,
  ): Promise<ShardKeyView> {
    return this.keys.put(caller, nameOf(group), keyOf(key), shardId);
  }

  @Get(':shardId')
  @Requires('connections.manage')
  @ApiOperation({ summary: 'One shard; it is asked for its latency now' })
  @ApiOkResponse({ type: ShardView })
  get(@Param('shardId') shardId: string, @Query() { probe }: ShardQuery): Promise<ShardView> {
    return this.reader.get(nameOf(shardId), probe);
  }

  @Patch(':shardId')
  @Requires('connections.manage')
  @ApiOperation({
    summary: 'Change a shard; `inactive` disconnects it, `maintenance` pauses it, on every replica at once',
  })
  @ApiBody({ type: ShardPatch, examples: { pause: { value: { status: 'maintenance' } } } })
  @ApiOkResponse({ type: ShardView })
  async update(
    @Param('shardId') shardId: string,
    @Body() patch: ShardPatch,
    @CurrentCaller() caller: Caller,
  ): Promise<ShardView> {
    await this.shards.update(caller, nameOf(shardId), patch);
    return this.reader.get(shardId, false);
  }

  @Delete(':shardId')
  @HttpCode(204)
  @Requires('connections.manage')
  @ApiOperation({ summary: 'Remove a shard to which no keys belong; its database stays as it is' })
  async remove(@Param('shardId') shardId: string, @CurrentCaller() caller: Caller): Promise<void> {
    await this.shards.remove(caller, nameOf(shardId));
  }
}

function nameOf(text: string): string {
  if (!SHARD_NAME.test(text)) throw new AppError('resource.not_found', 'There is nothing of this name');
  return text;
}

function keyOf(text: string): string {
  if (text === '' || !isStorableText(text)) throw new AppError('resource.not_found', 'This is no key');
  return text;
}
