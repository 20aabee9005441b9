import { Injectable } from '@nestjs/common';

export interface ReadinessCheck {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  /**
   * Whether requests cannot be served while it is down. What is not required is shown and changes nothing: a sink that
   * hangs must not take the service away from its callers.
   */
  readonly required: boolean;
}

/** What readiness asks; modules add what they are responsible for. */
@Injectable()
export class Readiness {
  private readonly list: ReadinessCheck[] = [];

  get checks(): readonly ReadinessCheck[] {
    return this.list;
  }

  add(check: ReadinessCheck): void {
    this.list.push(check);
  }
}
