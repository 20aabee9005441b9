import { ValidateBy } from 'class-validator';

export type UserAttributes = Readonly<Record<string, string | number | boolean | null>>;

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** What every user has by another way. */
const RESERVED = new Set(['user_id', 'username', 'role']);
const MAX_ATTRIBUTES = 50;
const MAX_TEXT = 1_000;

function isScalar(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT && !value.includes('\0');
  return (
    value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  );
}

/** An object of scalars by names that a row filter can write as `:name`. */
export function isAttributes(value: unknown): value is UserAttributes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MAX_ATTRIBUTES &&
    entries.every(([name, one]) => NAME.test(name) && !RESERVED.has(name) && isScalar(one))
  );
}

export const IsAttributes = (): PropertyDecorator =>
  ValidateBy({
    name: 'isAttributes',
    validator: {
      validate: isAttributes,
      defaultMessage: () =>
        `attributes must be at most ${MAX_ATTRIBUTES} names of a-z, 0-9 and _ with text, numbers, true, false or null; user_id, username and role are taken`,
    },
  });
