import { ValidateBy, type ValidationOptions } from 'class-validator';

/** RFC 3339, with the seconds or the whole time of day left out if need be, of the years that a service can meet. */
const FORM =
  /^((?:19|2\d)\d\d-\d\d-\d\d)(?:T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$/;

/** Whether PostgreSQL takes `text` as a time, too: ISO 8601 has weeks and ordinal days, which it does not know. */
export function isTime(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  const [, day] = FORM.exec(text) ?? [];
  if (day === undefined) return false;
  const date = new Date(`${day}T00:00:00Z`);
  // The 30th of February rolls over.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

export function IsTime(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be a time as of RFC 3339, for example 2030-01-31T12:00:00Z';
  return ValidateBy(
    { name: 'isTime', validator: { validate: isTime, defaultMessage: () => message } },
    options,
  );
}
