import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  Equals,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Length,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { roles, type Role } from '../../common/principal';
import { maskKinds, type MaskKind } from '../../sql/policy/relation-policy';

const MAX_NAME = 200;
const MAX_EXPRESSION = 10_000;
const MAX_ITEMS = 5_000;

@ApiSchema({ name: 'PolicyAudience' })
export class PolicyAudienceBody {
  @ApiPropertyOptional({ enum: roles, isArray: true, example: ['user'] })
  @IsOptional()
  @IsArray()
  @IsIn(roles, { each: true })
  roles?: Role[];

  @ApiPropertyOptional({ type: [String], description: 'Names of users', example: ['payroll'] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1_000)
  @IsString({ each: true })
  @MaxLength(MAX_NAME, { each: true })
  users?: string[];
}

@ApiSchema({ name: 'Policy' })
export class PolicyItemBody {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Without it: the first schema of the search path that has the table',
    example: 'shop',
  })
  @IsOptional()
  @IsString()
  @Length(1, MAX_NAME)
  schema?: string | null;

  @ApiProperty({ type: String, description: 'Table, view or collection', example: 'customers' })
  @IsString()
  @Length(1, MAX_NAME)
  table!: string;

  @ApiPropertyOptional({ type: String, description: 'For `mask` and `deny`', example: 'email' })
  @IsOptional()
  @IsString()
  @Length(1, MAX_NAME)
  column?: string;

  @ApiPropertyOptional({ enum: maskKinds, description: 'How values are shown instead', example: 'email' })
  @IsOptional()
  @IsIn(maskKinds)
  mask?: MaskKind;

  @ApiPropertyOptional({
    type: String,
    description:
      'For `mask: "expression"`: an expression of the dialect over the columns of the table. MongoDB: an aggregation expression as JSON; `$$value` is the value',
    example: "left(email, 1) || '…'",
  })
  @IsOptional()
  @IsString()
  @Length(1, MAX_EXPRESSION)
  expression?: string;

  @ApiPropertyOptional({
    type: String,
    description:
      'A boolean expression of the dialect; may use :user_id, :username, :role and the attributes of the user. MongoDB: a document of $match as JSON, with variables as whole strings',
    example: 'region = :region',
  })
  @IsOptional()
  @IsString()
  @Length(1, MAX_EXPRESSION)
  rowFilter?: string;

  @ApiPropertyOptional({ enum: [true], description: 'The column is not there for them', example: true })
  @IsOptional()
  @Equals(true)
  deny?: boolean;

  @ApiPropertyOptional({ type: PolicyAudienceBody, description: 'Without it: everyone but administrators' })
  @IsOptional()
  @ValidateNested()
  @Type(() => PolicyAudienceBody)
  appliesTo?: PolicyAudienceBody;

  @ApiPropertyOptional({ type: PolicyAudienceBody })
  @IsOptional()
  @ValidateNested()
  @Type(() => PolicyAudienceBody)
  exempt?: PolicyAudienceBody;
}

@ApiSchema({ name: 'PoliciesBody' })
export class PoliciesBody {
  @ApiProperty({
    type: [PolicyItemBody],
    example: [
      { schema: 'shop', table: 'customers', column: 'email', mask: 'email' },
      { schema: 'shop', table: 'customers', rowFilter: 'country = :country' },
    ],
  })
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @ValidateNested({ each: true })
  @Type(() => PolicyItemBody)
  items!: PolicyItemBody[];

  @ApiPropertyOptional({
    type: [String],
    default: [],
    description:
      'Functions that statements may call beside the built-in ones that only compute: `schema.name`, or `name` where functions have no schema. What they do is not looked at.',
    example: ['shop.net_price'],
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1_000)
  @IsString({ each: true })
  @Length(1, 2 * MAX_NAME, { each: true })
  functions?: string[];
}

export class PoliciesView {
  @ApiProperty({ type: [PolicyItemBody] })
  items!: PolicyItemBody[];

  @ApiProperty({ type: [String], example: ['shop.net_price'] })
  functions!: string[];

  @ApiProperty({ type: Number, description: 'Raised by every change', example: 3 })
  epoch!: number;

  @ApiProperty({ type: String, nullable: true, example: null })
  nextCursor!: null;
}
