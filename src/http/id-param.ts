import { Param, ParseUUIDPipe } from '@nestjs/common';
import { AppError } from '../common/app-error';

/** A UUID of the path; anything else is `request.invalid`. */
export function IdParam(name = 'id'): ParameterDecorator {
  return Param(
    name,
    new ParseUUIDPipe({
      exceptionFactory: () =>
        new AppError('request.invalid', undefined, {
          errors: [{ path: `/${name}`, message: 'must be a UUID' }],
        }),
    }),
  );
}
