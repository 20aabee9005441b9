import { ApiProperty } from '@nestjs/swagger';
import type { CheckState } from './check-readiness';

export class LiveAnswer {
  @ApiProperty({ type: String, enum: ['up'] })
  status!: 'up';
}

export class ReadyAnswer {
  @ApiProperty({ type: String, enum: ['ready'] })
  status!: 'ready';

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down'] },
    example: { database: 'up', cache: 'up' },
  })
  checks!: Readonly<Record<string, CheckState>>;
}
