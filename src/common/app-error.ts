import { errorCatalog, type ErrorCode } from './errors/catalog';
import type { ErrorDefinition } from './errors/definition';

/** One invalid member of a request body; `path` is a JSON Pointer (RFC 6901). */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface AppErrorOptions {
  readonly cause?: unknown;
  readonly errors?: readonly FieldError[];
  /** Seconds after which trying again makes sense; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Further members of the problem document (`position`, `sqlState`, `queryId`, …); never values out of a database. */
  readonly extra?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The one error that modules and drivers throw for what is not a bug. The problem filter turns it into
 * `application/problem+json`; everything else is answered as `service.internal` without detail.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
  readonly extra: Readonly<Record<string, string | number | boolean>>;

  constructor(
    readonly code: ErrorCode,
    detail?: string,
    options: AppErrorOptions = {},
  ) {
    super(detail ?? errorCatalog[code].title, { cause: options.cause });
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.extra = options.extra ?? {};
  }

  get definition(): ErrorDefinition {
    return errorCatalog[this.code];
  }

  /** The same error with further members of the problem document, keeping the stack. */
  with(extra: Readonly<Record<string, string | number | boolean>>): AppError {
    const copy = new AppError(this.code, this.message, {
      cause: this.cause,
      errors: this.errors,
      retryAfterSeconds: this.retryAfterSeconds,
      extra: { ...this.extra, ...extra },
    });
    copy.stack = this.stack;
    return copy;
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}
