import type { Json, JsonObject } from './strict-json';

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Members of an object, nothing for everything else. */
export const membersOf = (value: Json | undefined): [string, Json][] =>
  isObject(value) ? Object.entries(value) : [];

export const itemsOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

/** Equal text, members in the same order: what the server reads as the same. */
export const isSame = (left: Json | undefined, right: Json | undefined): boolean =>
  JSON.stringify(left) === JSON.stringify(right);

/** Whether a value, or anything within it at any depth, is what is looked for. */
export function holds(value: Json, wanted: (value: Json) => boolean): boolean {
  if (wanted(value)) return true;
  if (Array.isArray(value)) return (value as readonly Json[]).some((item) => holds(item, wanted));
  return membersOf(value).some(([, member]) => holds(member, wanted));
}

/** JSON that keeps a negative zero, which `JSON.stringify` drops. */
export function writeJson(value: Json): string {
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(writeJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`)
    .join(',')}}`;
}

/** A text, or `''` for what is none. */
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Name and argument of a stage or operator. */
export function stageOf(stage: Json | undefined): [string, Json] {
  const [first] = membersOf(stage);
  return first ?? ['', null];
}
