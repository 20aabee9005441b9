import { ValidateBy, type ValidationOptions } from 'class-validator';

/** PostgreSQL's text holds no NUL, and UTF-8 no lone surrogates: such text could not come back as it was sent. */
export function isStorableText(value: unknown): boolean {
  return typeof value !== 'string' || (!value.includes('\0') && value.isWellFormed());
}

export function IsStorableText(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isStorableText',
      validator: {
        validate: isStorableText,
        defaultMessage: () => '$property must hold neither NUL nor lone surrogates',
      },
    },
    options,
  );
}
