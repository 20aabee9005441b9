import { ApiProperty } from '@nestjs/swagger';
import type { UserSession } from '../user-session.entity';

export class SessionView {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, nullable: true, example: '192.0.2.7' })
  ipAddress!: string | null;

  @ApiProperty({ type: String, nullable: true })
  userAgent!: string | null;

  @ApiProperty({ type: Date })
  createdAt!: Date;

  @ApiProperty({ type: Date })
  expiresAt!: Date;

  @ApiProperty({ type: Date, description: 'Written down at most once a minute' })
  lastActivityAt!: Date;

  @ApiProperty({ type: Boolean, description: 'Whether it is the session of this request' })
  current!: boolean;
}

export class SessionList {
  @ApiProperty({ type: [SessionView] })
  items!: SessionView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export function presentSession(session: UserSession, currentId: string | undefined): SessionView {
  const { id, ipAddress, userAgent, createdAt, expiresAt, lastActivityAt } = session;
  return { id, ipAddress, userAgent, createdAt, expiresAt, lastActivityAt, current: id === currentId };
}
