import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength, MinLength } from 'class-validator';
import { rights, type Right } from '../../../common/access';
import { MAX_PASSWORD_LENGTH } from '../require-strong-password';
import { ApiKeyView } from './api-key.view';
import { SessionView } from './session.view';
import { UserView } from './user.view';

export class LoginBody {
  @ApiProperty({ example: 'admin' })
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  username!: string;

  @ApiProperty({ example: 'the password printed at the first start' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_PASSWORD_LENGTH)
  password!: string;
}

export class RefreshBody {
  @ApiProperty({ example: '6f1c2a3e-4b5d-4e6f-8a7b-9c0d1e2f3a4b.Zm9yIHRoZSBkb2N1bWVudGF0aW9uIG9ubHkuLi4u' })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  refreshToken!: string;
}

export class PasswordBody {
  @ApiProperty({ example: 'the password so far' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_PASSWORD_LENGTH)
  currentPassword!: string;

  @ApiProperty({ example: 'four words nobody guesses' })
  @IsString()
  @MaxLength(MAX_PASSWORD_LENGTH)
  newPassword!: string;
}

export class TokenAnswer {
  @ApiProperty({ type: String })
  accessToken!: string;

  @ApiProperty({ type: String, description: 'Works once; using it again ends the session' })
  refreshToken!: string;

  @ApiProperty({ type: String, enum: ['Bearer'] })
  tokenType!: 'Bearer';

  @ApiProperty({ type: Number, description: 'Seconds the access token is good for', example: 900 })
  expiresIn!: number;

  @ApiProperty({ type: UserView })
  user!: UserView;
}

export class MeAnswer {
  @ApiProperty({ type: UserView })
  user!: UserView;

  @ApiProperty({ enum: ['admin', 'user', 'viewer'] })
  role!: string;

  @ApiProperty({ type: SessionView, nullable: true, description: '`null` for an API key' })
  session!: SessionView | null;

  @ApiProperty({ type: ApiKeyView, nullable: true, description: '`null` for a session' })
  apiKey!: ApiKeyView | null;

  @ApiProperty({ enum: rights, isArray: true })
  permissions!: Right[];
}
