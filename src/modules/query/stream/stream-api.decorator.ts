import { applyDecorators } from '@nestjs/common';
import { ApiQuery, ApiResponse } from '@nestjs/swagger';
import { streamFormatNames, streamFormats } from './stream-formats';

/** What the OpenAPI document says of a route that streams: the members of the address, and the formats. */
export function StreamApi(): MethodDecorator {
  return applyDecorators(
    ApiQuery({ name: 'format', required: false, enum: streamFormatNames, example: 'ndjson' }),
    ApiQuery({
      name: 'null',
      required: false,
      description: 'CSV: how a missing value is written; an empty field unless given',
      schema: { type: 'string', maxLength: 20 },
      example: '\\N',
    }),
    ApiQuery({
      name: 'header',
      required: false,
      description: 'CSV: a row of names first; true unless given',
      schema: { type: 'boolean' },
    }),
    ApiQuery({
      name: 'guard',
      required: false,
      description: 'CSV: an apostrophe in front of texts that a spreadsheet would take for a formula',
      schema: { type: 'boolean' },
    }),
    ApiQuery({
      name: 'bom',
      required: false,
      description: 'CSV: a byte order mark first, for spreadsheets',
      schema: { type: 'boolean' },
    }),
    ApiResponse({
      status: 200,
      description: 'The rows, in the format that was asked for',
      content: Object.fromEntries(
        Object.values(streamFormats).map(({ contentType }) => [
          contentType.split(';')[0]!,
          { schema: { type: 'string' } },
        ]),
      ),
    }),
  );
}
