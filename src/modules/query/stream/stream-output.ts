import { AppError, type FieldError } from '../../../common/app-error';
import type { RowMode } from '../../../drivers/row-layout';
import { streamFormatNames, streamFormats, type StreamFormatName } from './stream-formats';
import type { StreamFormat, StreamOptions } from './stream-format';

/** How rows are to be written, as the query of the address says. */
export interface StreamOutput {
  readonly name: StreamFormatName;
  readonly format: StreamFormat;
  readonly options: StreamOptions;
}

const MAX_NULL_LENGTH = 20;

type Read = (value: string) => unknown;
/** What each option is as text of an address; `undefined` for what it cannot be. */
const readers: Readonly<Record<Exclude<keyof StreamOptions, 'rowMode'>, { read: Read; rule: string }>> = {
  null: {
    read: (value) => (value.length <= MAX_NULL_LENGTH && !/[",\r\n]/.test(value) ? value : undefined),
    rule: `must be at most ${MAX_NULL_LENGTH} characters without quotes, commas and line ends`,
  },
  header: { read: readBoolean, rule: 'must be true or false' },
  guard: { read: readBoolean, rule: 'must be true or false' },
  bom: { read: readBoolean, rule: 'must be true or false' },
};

/**
 * @param query members of the address behind `?`
 * @throws AppError `request.invalid` naming every member that is wrong, or that the format does not know
 */
export function parseStreamOutput(query: Readonly<Record<string, unknown>>, rowMode: RowMode): StreamOutput {
  const errors: FieldError[] = [];
  const { format: given = 'ndjson', ...rest } = query;
  const name = streamFormatNames.find((known) => known === given);
  if (!name) errors.push({ path: '/format', message: `must be one of ${streamFormatNames.join(', ')}` });
  const format: StreamFormat = streamFormats[name ?? 'ndjson'];
  const options: Record<string, unknown> = { rowMode };
  for (const [member, value] of Object.entries(rest)) {
    const path = `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const known = name === undefined ? undefined : format.options.find((option) => option === member);
    const reader = known && known !== 'rowMode' ? readers[known] : undefined;
    if (!reader) {
      if (name) errors.push({ path, message: `is not an option of ${name}` });
      continue;
    }
    options[member] = typeof value === 'string' ? reader.read(value) : undefined;
    if (options[member] === undefined) errors.push({ path, message: reader.rule });
  }
  if (!name || errors.length > 0) {
    throw new AppError('request.invalid', 'The address does not validate', { errors });
  }
  return { name, format, options: options as unknown as StreamOptions };
}

function readBoolean(value: string): boolean | undefined {
  return value === 'true' ? true : value === 'false' ? false : undefined;
}
