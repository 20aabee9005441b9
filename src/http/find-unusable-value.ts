import type { FieldError } from '../common/app-error';
import { isStorableText } from '../common/is-storable-text';
import { pointerTo } from './json-pointer';

const MAX_DEPTH = 64;

/**
 * The first text of `value` that PostgreSQL could not hold, the first whole number that JSON has already rounded
 * (RFC 8259 §6: beyond 2^53 digits are lost, unnoticed), or the first place that is nested too deeply for code that
 * recurses. Walks without recursion: the value comes from outside.
 */
export function findUnusableValue(value: unknown): FieldError | null {
  const open: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value: found, path, depth } = next;
    if (typeof found === 'string' && !isStorableText(found)) {
      return { path, message: 'must not hold NUL characters or halves of surrogate pairs' };
    }
    if (Number.isInteger(found) && !Number.isSafeInteger(found)) {
      return { path, message: 'is a whole number beyond 2^53, which JSON rounds: send it as text' };
    }
    if (typeof found !== 'object' || found === null) continue;
    if (depth >= MAX_DEPTH) return { path, message: `must not be nested deeper than ${MAX_DEPTH} levels` };
    for (const [name, member] of Object.entries(found)) {
      if (!isStorableText(name)) return { path, message: 'must not have such member names' };
      open.push({ value: member, path: pointerTo(path, name), depth: depth + 1 });
    }
  }
  return null;
}
