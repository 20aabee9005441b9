import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { PageQuery } from '../../../common/page-query.dto';
import { roles, type Role } from '../../../common/principal';
import { MAX_PASSWORD_LENGTH } from '../require-strong-password';
import { IsAttributes, type UserAttributes } from './is-attributes';
import { UserView } from './user.view';

/** Letters, digits and `. _ - @ +`: names that look alike but are not cannot be made. */
export const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/;
/** Unlike `IsOptional`, `null` counts as given. */
const IfGiven = (): PropertyDecorator => ValidateIf((_, value: unknown) => value !== undefined);

export class UserBody {
  @ApiProperty({ example: 'maria' })
  @IsString()
  @Length(3, 50)
  @Matches(USERNAME, { message: 'username must hold letters, digits and . _ - @ + only' })
  username!: string;

  @ApiProperty({ example: 'maria@example.com' })
  @IsEmail({ require_tld: true, allow_utf8_local_part: false })
  @MaxLength(255)
  email!: string;

  @ApiProperty({ example: 'four words nobody guesses' })
  @IsString()
  @MaxLength(MAX_PASSWORD_LENGTH)
  password!: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'Maria Lopez' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  fullName?: string | null;

  @ApiPropertyOptional({ enum: roles, default: 'user', example: 'user' })
  @IfGiven()
  @IsIn(roles)
  role?: Role;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Values that row filters may name as `:name`',
    example: { country: 'DE' },
  })
  @IfGiven()
  @IsAttributes()
  attributes?: UserAttributes;
}

export class UserChanges {
  @ApiPropertyOptional({ example: 'maria' })
  @IfGiven()
  @IsString()
  @Length(3, 50)
  @Matches(USERNAME, { message: 'username must hold letters, digits and . _ - @ + only' })
  username?: string;

  @ApiPropertyOptional({ example: 'maria@example.com' })
  @IfGiven()
  @IsEmail({ require_tld: true, allow_utf8_local_part: false })
  @MaxLength(255)
  email?: string;

  @ApiPropertyOptional({ example: 'four other words', description: 'Ends the sessions and keys of the user' })
  @IfGiven()
  @IsString()
  @MaxLength(MAX_PASSWORD_LENGTH)
  password?: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'Maria Lopez' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  fullName?: string | null;

  @ApiPropertyOptional({ enum: roles, example: 'viewer' })
  @IfGiven()
  @IsIn(roles)
  role?: Role;

  @ApiPropertyOptional({ example: true, description: '`false` ends the sessions and keys of the user' })
  @IfGiven()
  @IsBoolean()
  isActive?: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Values that row filters may name as `:name`',
    example: { country: 'DE' },
  })
  @IfGiven()
  @IsAttributes()
  attributes?: UserAttributes;
}

export class UserQuery extends PageQuery {
  /** Part of the username, e-mail address or full name. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  q?: string;

  @IsOptional()
  @IsIn(roles)
  role?: Role;

  @IsOptional()
  @Transform(({ value }: { value: unknown }) => ({ true: true, false: false })[String(value)] ?? value)
  @IsBoolean()
  isActive?: boolean;
}

export class UserList {
  @ApiProperty({ type: [UserView] })
  items!: UserView[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
