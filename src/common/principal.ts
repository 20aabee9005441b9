export const roles = ['admin', 'user', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** Who asks. One of `sessionId` and `apiKeyId` says by which credential; a background run has neither, and outlives both. */
export interface Principal {
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
  readonly sessionId?: string;
  readonly apiKeyId?: string;
  /** Values that row filters may name, a JSON object as text; two principals with the same text have the same values. */
  readonly attributes: string;
}

/** Where a request came from: recorded with everything that it causes. */
export interface RequestOrigin {
  readonly requestId: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** Of the first record that the request left; the answer names it. */
  auditId?: string;
}

/** A principal together with the request it speaks through. */
export interface Caller {
  readonly principal: Principal;
  readonly origin: RequestOrigin;
}
