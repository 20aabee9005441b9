import { ApiProperty } from '@nestjs/swagger';
import { IsDefined } from 'class-validator';
import type { SettingPrimitive } from './setting-definition';

export class SettingChange {
  /** The new value, of the type that the setting has. */
  @ApiProperty({ oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }], example: 12 })
  @IsDefined()
  value!: SettingPrimitive;
}
