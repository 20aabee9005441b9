import { isAppError } from '../../common/app-error';
import type { ErrorCode } from '../../common/errors/catalog';
import { Circuit } from './circuit';

export type HealthState = 'unknown' | 'up' | 'degraded' | 'down';

export interface HealthFigures {
  readonly state: HealthState;
  readonly since: Date;
  /** Code of the last failure, while it is not up. */
  readonly code: string | null;
}

/** What says nothing about the way to the database; what each of several servers is, they are asked themselves. */
const noVerdicts: ReadonlySet<ErrorCode> = new Set([
  'connection.pool_exhausted',
  'connection.no_primary',
  'connection.several_primaries',
]);

/** Failures that say something about the database, and are neither the request's own fault nor ours. */
function isVerdict(error: unknown): boolean {
  return isAppError(error) && error.code.startsWith('connection.') && !noVerdicts.has(error.code);
}

/**
 * What is known of one connection's database from using it. `down`: it could not be opened; `degraded`: it is open
 * but runs lost it. The circuit belongs to it.
 */
export class ConnectionHealth {
  readonly circuit = new Circuit();
  private revision = 0;
  private figures: HealthFigures = { state: 'unknown', since: new Date(), code: null };

  constructor(private readonly onChange: (figures: HealthFigures) => void) {}

  get current(): HealthFigures {
    return this.figures;
  }

  /** A changed configuration is a new try: what failed before says nothing about it. */
  beginRevision(revision: number): void {
    if (revision <= this.revision) return;
    if (this.revision > 0) this.circuit.succeeded();
    this.revision = revision;
  }

  opened(): void {
    this.circuit.succeeded();
    this.become('up', null);
  }

  openingFailed(error: unknown): void {
    if (!isVerdict(error)) {
      this.circuit.abandoned();
      return;
    }
    this.circuit.failed();
    this.become('down', isAppError(error) ? error.code : null);
  }

  used(error: unknown): void {
    if (error === undefined) this.become('up', null);
    else if (isVerdict(error)) this.become('degraded', isAppError(error) ? error.code : null);
  }

  private become(state: HealthState, code: string | null): void {
    if (state === this.figures.state && code === this.figures.code) return;
    const since = state === this.figures.state ? this.figures.since : new Date();
    this.figures = { state, since, code };
    this.onChange(this.figures);
  }
}
