import { isUUID } from 'class-validator';
import { AppError } from './app-error';
import { isStorableText } from './is-storable-text';
import { isTime } from './is-time';

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it back as `cursor` for the next page; `null` on the last one. */
  readonly nextCursor: string | null;
}

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;

/** The sort key of the last item of a page, opaque to clients. */
export function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

const parts = {
  text: isStorableText,
  time: isTime,
  uuid: (text: string) => isUUID(text),
} satisfies Record<string, (text: string) => boolean>;

/**
 * @param kinds of the parts of the key: what the database cannot take as such must not get there
 * @throws AppError `request.invalid` for anything `encodeCursor` would not have made
 */
export function decodeCursor(cursor: string, kinds: readonly (keyof typeof parts)[]): string[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const fits = (part: unknown, index: number): boolean =>
      typeof part === 'string' && kinds[index] !== undefined && parts[kinds[index]](part);
    if (Array.isArray(key) && key.length === kinds.length && key.every(fits)) return key as string[];
  } catch {
    // Falls through: whatever is wrong with it, the answer is the same.
  }
  throw new AppError('request.invalid', 'The cursor is not one that a list gave', {
    errors: [{ path: '/cursor', message: 'is not a cursor' }],
  });
}

/** Cuts rows fetched with `limit + 1` into a page. */
export function toPage<T>(rows: readonly T[], limit: number, keyOf: (row: T) => readonly string[]): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
