import type { FieldError } from '../common/app-error';
import type { ErrorCode } from '../common/errors/catalog';
import { toAppError } from './to-app-error';

/** `application/problem+json` (RFC 9457) with the members of ours; `docs/errors.md` lists the codes. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path that was asked for, without its query: that may hold secrets. */
  readonly instance: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
  readonly [extra: string]: unknown;
}

export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

const MAX_INSTANCE_LENGTH = 500;

export function problemOf(thrown: unknown, requestId: string, url: string): ProblemAnswer {
  const error = toAppError(thrown);
  const { status, title } = error.definition;
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE };
  if (error.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterSeconds)));
  }
  // RFC 9110, 11.6.1: a 401 names the scheme it wants.
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="sluice"';
  return {
    headers,
    problem: {
      ...error.extra,
      type: `urn:sluice:problem:${error.code}`,
      title,
      status,
      detail: error.message,
      instance: pathOf(url).slice(0, MAX_INSTANCE_LENGTH),
      code: error.code,
      requestId,
      ...(error.errors && { errors: error.errors }),
    },
  };
}

export function pathOf(url: string): string {
  const end = url.search(/[?#;]/);
  return end < 0 ? url : url.slice(0, end);
}
