import { Injectable } from '@nestjs/common';

/** Whether the process takes new work. Set once, by whoever stops the service. */
@Injectable()
export class Lifecycle {
  private stopping = false;

  /** Ends what still answers when the grace is over, before its connections are cut. */
  beforeCut: (() => Promise<void>) | null = null;

  get isStopping(): boolean {
    return this.stopping;
  }

  stop(): void {
    this.stopping = true;
  }
}
