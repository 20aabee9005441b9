import { ApiProperty, ApiSchema } from '@nestjs/swagger';

/** Runs of one hour on one connection. */
@ApiSchema({ name: 'QueryStats' })
export class QueryStatsView {
  @ApiProperty({ description: 'Start of the hour, UTC' })
  hour!: Date;

  @ApiProperty({
    format: 'uuid',
    nullable: true,
    type: String,
    description: '`null`: it is deleted, or none was named',
  })
  connectionId!: string | null;

  @ApiProperty({ enum: ['database', 'excel', 'general'] })
  queryType!: string;

  @ApiProperty({ example: 120 })
  queryCount!: number;

  @ApiProperty({ nullable: true, type: Number, example: 12.5 })
  avgExecutionTimeMs!: number | null;

  @ApiProperty({ nullable: true, type: Number, example: 180.2 })
  maxExecutionTimeMs!: number | null;

  @ApiProperty({ example: 3 })
  errorCount!: number;

  @ApiProperty({ example: 1 })
  timeoutCount!: number;
}

/** What one user ran in the last seven days. */
@ApiSchema({ name: 'UserStats' })
export class UserStatsView {
  @ApiProperty({ format: 'uuid' })
  userId!: string;

  @ApiProperty({ example: 'ada' })
  username!: string;

  @ApiProperty({ enum: ['admin', 'user', 'viewer'] })
  role!: string;

  @ApiProperty()
  active!: boolean;

  @ApiProperty({ nullable: true, type: Date })
  lastLoginAt!: Date | null;

  @ApiProperty({ example: 40 })
  queryCount!: number;

  @ApiProperty({ example: 38 })
  successCount!: number;

  @ApiProperty({ example: 2, description: 'Errors, refusals and timeouts; cancelled runs are neither' })
  failureCount!: number;

  @ApiProperty({ nullable: true, type: Number, example: 12.5 })
  avgExecutionTimeMs!: number | null;

  @ApiProperty({ nullable: true, type: Date })
  lastQueryAt!: Date | null;
}
