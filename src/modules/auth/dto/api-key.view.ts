import { ApiProperty } from '@nestjs/swagger';
import type { ApiKey } from '../api-key.entity';

export class ApiKeyView {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, example: 'nightly report' })
  name!: string;

  @ApiProperty({ type: String, description: 'The first characters of the key', example: 'sl_0a1b2c3d' })
  prefix!: string;

  @ApiProperty({ type: Date })
  createdAt!: Date;

  @ApiProperty({ type: Date, nullable: true })
  expiresAt!: Date | null;

  @ApiProperty({ type: Date, nullable: true, description: 'Written down at most once a minute' })
  lastUsedAt!: Date | null;
}

export class NewApiKeyView extends ApiKeyView {
  @ApiProperty({ type: String, description: 'The key itself: shown here and never again' })
  key!: string;
}

export class ApiKeyList {
  @ApiProperty({ type: [ApiKeyView] })
  items!: ApiKeyView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export function presentApiKey({ id, name, prefix, createdAt, expiresAt, lastUsedAt }: ApiKey): ApiKeyView {
  return { id, name, prefix, createdAt, expiresAt, lastUsedAt };
}
