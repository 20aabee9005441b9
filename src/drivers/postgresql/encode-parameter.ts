import { AppError } from '../../common/app-error';

/** Object identifiers of the types whose values are JSON (pg_type.dat). */
const jsonOids: ReadonlySet<number> = new Set([114, 3802]);

/** The one array type whose elements are not separated by commas. */
const boxArrayOid = 1020;

/** Whether the parameter's text depends on the type that the server infers for it. */
export function needsType(value: unknown): boolean {
  return Array.isArray(value);
}

/**
 * A parameter in its JSON form as the text that the server's input functions read; the server infers the type.
 *
 * @throws AppError `query.invalid_parameter`
 */
export function encodeParameter(value: unknown, index: number, typeOid?: number): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return text(value, index);
  // String() drops the sign of zero
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value) && !(typeOid !== undefined && jsonOids.has(typeOid)))
    return arrayText(value, index, typeOid === boxArrayOid ? ';' : ',');
  if (typeof value === 'object') return text(JSON.stringify(value), index);
  throw new AppError('query.invalid_parameter', `Parameter ${index + 1} is no JSON value.`);
}

function arrayText(values: readonly unknown[], index: number, delimiter: string): string {
  const elements = values.map((value) => {
    if (value === null || value === undefined) return 'NULL';
    if (Array.isArray(value)) return arrayText(value, index, delimiter);
    const element = encodeParameter(value, index) ?? '';
    return typeof value === 'number' || typeof value === 'boolean'
      ? element
      : `"${element.replace(/["\\]/g, String.raw`\$&`)}"`;
  });
  return `{${elements.join(delimiter)}}`;
}

function text(value: string, index: number): string {
  if (value.includes('\0')) {
    throw new AppError('query.invalid_parameter', `Parameter ${index + 1} holds a zero byte.`);
  }
  return value;
}
