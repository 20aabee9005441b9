import { ApiProperty } from '@nestjs/swagger';
import { roles, type Role } from '../../../common/principal';
import type { UserAttributes } from './is-attributes';
import type { User } from '../user.entity';

/** A user as the API shows one: never anything of the password. */
export class UserView {
  @ApiProperty({ type: String, format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, example: 'maria' })
  username!: string;

  @ApiProperty({ type: String, example: 'maria@example.com' })
  email!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Maria Lopez' })
  fullName!: string | null;

  @ApiProperty({ enum: roles, example: 'user' })
  role!: Role;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { country: 'DE' } })
  attributes!: UserAttributes;

  @ApiProperty({ type: Boolean })
  isActive!: boolean;

  @ApiProperty({ type: Date })
  createdAt!: Date;

  @ApiProperty({ type: Date })
  updatedAt!: Date;

  @ApiProperty({ type: Date, nullable: true })
  lastLoginAt!: Date | null;
}

export function presentUser(user: User): UserView {
  const { id, username, email, fullName, role, attributes, isActive, createdAt, updatedAt, lastLoginAt } =
    user;
  return { id, username, email, fullName, role, attributes, isActive, createdAt, updatedAt, lastLoginAt };
}
