/**
 * Whose fault an error is: `caller` changes the request, `owner` of the connection changes its configuration,
 * `load` goes away by waiting, `us` is a fault of the service.
 */
export type Fault = 'caller' | 'owner' | 'load' | 'us';

export interface ErrorDefinition {
  /** HTTP status of the problem document (RFC 9457). */
  readonly status: number;
  /** Short, the same for every occurrence; the occurrence itself goes into `detail`. */
  readonly title: string;
  readonly fault: Fault;
  /** Whether the same request may succeed later without a change. */
  readonly retryable?: boolean;
}
