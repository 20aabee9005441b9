import { isObject } from '../mongodb/json';
import { operations } from '../mongodb/operations';
import { parseStrictJson, type Json } from '../mongodb/strict-json';

/** Members whose value names something; everything else may be a value. */
const naming = new Set(['collection', 'field']);

/** Values become `"?"`, also those that look like paths of fields: in a filter they are text. @throws Refused */
export function normaliseMongodb(text: string): string {
  const { value } = parseStrictJson(text);
  if (!isObject(value)) throw new Error('an operation is an object');
  const members = Object.entries(value).map(([name, member]) => {
    const kept =
      typeof member === 'string' && (name === 'operation' ? operations.has(member) : naming.has(name));
    return `${JSON.stringify(name)}:${kept ? JSON.stringify(member) : shapeOf(member)}`;
  });
  return `{${members.join(',')}}`;
}

function shapeOf(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(shapeOf).join(',')}]`;
  if (!isObject(value)) return '"?"';
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${shapeOf(member)}`);
  return `{${members.join(',')}}`;
}
