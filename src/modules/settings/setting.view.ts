import { ApiProperty } from '@nestjs/swagger';
import type { SettingDefinition, SettingPrimitive } from './setting-definition';

/** A setting as administrators see it. */
export class SettingView {
  @ApiProperty({ example: 'session_timeout_hours' })
  key!: string;

  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }],
    nullable: true,
    description: '`null` when the setting is sensitive: such a value is never shown',
    example: 24,
  })
  value!: SettingPrimitive | null;

  @ApiProperty({ enum: ['text', 'integer', 'number', 'boolean'] })
  type!: SettingDefinition['type'];

  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }],
    nullable: true,
    example: 24,
  })
  default!: SettingPrimitive | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Least value, or length of a text', example: 1 })
  min!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Greatest value, or length of a text' })
  max!: number | null;

  @ApiProperty({ type: String })
  description!: string;

  @ApiProperty({ type: String, example: 'auth' })
  category!: string;

  @ApiProperty({ type: Boolean })
  sensitive!: boolean;

  @ApiProperty({ type: Date, nullable: true, description: '`null` while the default holds' })
  updatedAt!: Date | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  updatedBy!: string | null;
}

export interface StoredSetting {
  readonly value: SettingPrimitive;
  readonly updatedAt: Date;
  readonly updatedBy: string | null;
}

export function presentSetting(
  key: string,
  definition: SettingDefinition,
  stored: StoredSetting | null,
): SettingView {
  const sensitive = definition.sensitive;
  return {
    key,
    value: sensitive ? null : (stored?.value ?? definition.default),
    type: definition.type,
    default: sensitive ? null : definition.default,
    min: definition.min,
    max: definition.max,
    description: definition.description,
    category: definition.category,
    sensitive,
    updatedAt: stored?.updatedAt ?? null,
    updatedBy: stored?.updatedBy ?? null,
  };
}
