import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import type { ListedProcedure } from './listed-procedure';

/** A schema, a point, and a name that may be anything else. */
const QUALIFIED = /^[^.\0]+\.[^\0]+$/u;
const message = 'must be written schema.name';

@ApiSchema({ name: 'ListedProcedure' })
export class ListedProcedureBody implements ListedProcedure {
  @ApiProperty({ example: 'shop.place_order', maxLength: 200 })
  @IsString()
  @MaxLength(200)
  @Matches(QUALIFIED, { message })
  procedure!: string;

  /** Every table and view that it reads, at any distance. */
  @ApiProperty({ type: [String], example: ['shop.products'] })
  @IsArray()
  @ArrayMaxSize(100)
  @MaxLength(200, { each: true })
  @Matches(QUALIFIED, { each: true, message })
  reads!: string[];

  /** Every table that it writes; none: its calls run in a read-only transaction. */
  @ApiProperty({ type: [String], example: ['shop.orders'] })
  @IsArray()
  @ArrayMaxSize(100)
  @MaxLength(200, { each: true })
  @Matches(QUALIFIED, { each: true, message })
  writes!: string[];
}

/** All procedures that a user may call on a connection. */
@ApiSchema({ name: 'ListedProcedures' })
export class ListedProceduresBody {
  @ApiProperty({
    type: [ListedProcedureBody],
    example: [{ procedure: 'shop.place_order', reads: ['shop.products'], writes: ['shop.orders'] }],
  })
  @IsArray()
  @ArrayMaxSize(500)
  @ArrayUnique(({ procedure }: ListedProcedureBody) => procedure, {
    message: 'must list each procedure once',
  })
  @ValidateNested({ each: true })
  @Type(() => ListedProcedureBody)
  items!: ListedProcedureBody[];
}
