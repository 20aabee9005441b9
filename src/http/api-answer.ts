import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';

/** Describes the answer of a list: `{items, nextCursor}`. */
export function ApiPage(model: Type): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(model),
    ApiResponse({
      status: 200,
      schema: {
        type: 'object',
        required: ['items', 'nextCursor'],
        properties: {
          items: { type: 'array', items: { $ref: getSchemaPath(model) } },
          nextCursor: {
            type: 'string',
            nullable: true,
            description: '`cursor` of the next page; `null` on the last',
          },
        },
      },
    }),
  );
}

/** Describes an answer that has no class by an example; its members become those of the schema. */
export function ApiAnswer(example: Readonly<Record<string, unknown>>, status = 200): MethodDecorator {
  return ApiResponse({
    status,
    schema: {
      type: 'object',
      required: Object.keys(example),
      properties: Object.fromEntries(Object.entries(example).map(([name, value]) => [name, schemaOf(value)])),
      example,
    },
  });
}

type Schema = Record<string, unknown>;

function schemaOf(value: unknown): Schema {
  // What an example shows as null may be anything.
  if (value === null || value === undefined) return {};
  if (Array.isArray(value)) return { type: 'array', items: schemaOf(value[0]) };
  if (typeof value !== 'object') return { type: typeof value };
  const members = Object.entries(value).map(([name, member]): [string, Schema] => [name, schemaOf(member)]);
  return { type: 'object', properties: Object.fromEntries(members) };
}
