import { Injectable, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { AppError } from '../common/app-error';
import { findUnusableValue } from './find-unusable-value';
import { toFieldErrors } from './to-field-errors';

const primitives = new Set<unknown>([String, Boolean, Number, Array, Object, Buffer, Date]);

/** Validates bodies, queries and parameters; unknown members are refused, not dropped. */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) =>
        new AppError('request.invalid', undefined, { errors: toFieldErrors(errors) }),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // A body typed `unknown` is validated by its route: on the query route this pipe would cost more than the rest.
    const unchecked = metadata.type === 'body' && metadata.metatype === Object;
    if (metadata.type === 'custom' || unchecked) return unchecked ? value : super.transform(value, metadata);
    const unusable = findUnusableValue(value);
    if (unusable) throw new AppError('request.invalid', undefined, { errors: [unusable] });
    const { metatype } = metadata;
    if (metadata.type === 'body' && metatype && !primitives.has(metatype) && !isObject(value ?? {})) {
      throw new AppError('request.invalid', undefined, {
        errors: [{ path: '', message: 'must be an object' }],
      });
    }
    return super.transform(value, metadata);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
