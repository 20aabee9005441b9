import type { Failure } from '../protocol';

/** What the binding throws, and which refusal of the authorizer was behind it. */
export function describeFailure(error: unknown, phase: Failure['phase'], denied: string | null): Failure {
  const code = (error as { sqliteExtendedCode?: unknown } | null)?.sqliteExtendedCode;
  return {
    code: typeof code === 'number' ? code : null,
    message: error instanceof Error ? error.message : String(error),
    phase,
    denied,
  };
}

/** Carries a failure to the one place that answers. */
export class FailureError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}
