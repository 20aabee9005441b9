import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { IsTime } from '../../../common/is-time';

export class ApiKeyBody {
  @ApiProperty({ example: 'nightly report' })
  @IsString()
  @Length(1, 100)
  name!: string;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2030-01-01T00:00:00Z',
    description: 'Without it the key does not expire',
  })
  @IsOptional()
  @IsTime()
  expiresAt?: string | null;
}
