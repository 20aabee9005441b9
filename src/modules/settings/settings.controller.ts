import { Body, Controller, Get, Param, Patch } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Requires } from '../../common/access';
import { CurrentCaller } from '../../common/caller.decorator';
import type { Caller } from '../../common/principal';
import { SettingChange } from './setting-change.dto';
import { SettingView } from './setting.view';
import { SettingsService } from './settings.service';

@ApiTags('Settings')
@ApiBearerAuth()
@ApiSecurity('api-key')
@Controller('settings')
export class SettingsController {
  constructor(private readonly settings: SettingsService) {}

  @Get()
  @Requires('settings.manage')
  @ApiOperation({ summary: 'List every setting' })
  @ApiOkResponse({
    schema: {
      type: 'object',
      required: ['items', 'nextCursor'],
      properties: {
        items: { type: 'array', items: { $ref: '#/components/schemas/SettingView' } },
        nextCursor: { type: 'string', nullable: true },
      },
    },
  })
  async list(): Promise<{ items: SettingView[]; nextCursor: null }> {
    return { items: await this.settings.list(), nextCursor: null };
  }

  @Get(':key')
  @Requires('settings.manage')
  @ApiOperation({ summary: 'Read one setting' })
  find(@Param('key') key: string): Promise<SettingView> {
    return this.settings.find(key);
  }

  /** Holds on every replica as soon as the answer is there. */
  @Patch(':key')
  @Requires('settings.manage')
  @ApiOperation({ summary: 'Change a setting' })
  change(
    @CurrentCaller() caller: Caller,
    @Param('key') key: string,
    @Body() { value }: SettingChange,
  ): Promise<SettingView> {
    return this.settings.change(caller, key, value);
  }
}
