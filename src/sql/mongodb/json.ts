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
  left === right || JSON.stringify(left) === JSON.stringify(right);

const nothing: ReadonlySet<Json> = new Set();

/** Whether a value, or anything within it at any depth, is what is looked for; not within those left out. */
export function holds(
  value: Json,
  wanted: (value: Json) => boolean,
  leftOut: ReadonlySet<Json> = nothing,
): boolean {
  if (typeof value !== 'object' || value === null) return wanted(value);
  if (leftOut.has(value)) return false;
  if (wanted(value)) return true;
  return Object.values(value).some((member: Json) => holds(member, wanted, leftOut));
}

/** JSON that keeps a negative zero, which `JSON.stringify` drops. */
function writeSlowly(value: Json): string {
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(writeSlowly).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${writeSlowly(member)}`)
    .join(',')}}`;
}

/** JSON of a value that was made of what `written` says. */
export const writeJson = (value: Json, written: string): string =>
  written.includes('-0') ? writeSlowly(value) : JSON.stringify(value);

/** A text, or `''` for what is none. */
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Name and argument of a stage or operator. */
export function stageOf(stage: Json | undefined): [string, Json] {
  const [first] = membersOf(stage);
  return first ?? ['', null];
}
